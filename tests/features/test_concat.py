"""Builders side by side, and on their main axes."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.features import ConcatFeatures, HashedNgrams, Metadata, PcaFeatures
from tests.features.corpus import sentences

TRAIN, OTHER = sentences(80), sentences(30, seed=5)


def test_columns_stand_in_order_with_the_bias_last() -> None:
    parts = [Metadata(), HashedNgrams(dim=8)]
    builder = ConcatFeatures(builders=parts, bias=True).fit(TRAIN)
    rows = builder.transform(OTHER)
    assert builder.dim == 16 + 8 + 1
    assert np.array_equal(rows[:, :16], Metadata().transform(OTHER))
    assert np.array_equal(rows[:, 16:24], HashedNgrams(dim=8).transform(OTHER))
    assert (rows[:, 24] == 1.0).all()


def test_standardised_columns_have_mean_zero_and_deviation_one_on_train() -> None:
    builder = ConcatFeatures(builders=[Metadata()], bias=True, standardise=True).fit(TRAIN)
    rows = builder.transform(TRAIN)
    plain = Metadata().transform(TRAIN)
    varies = plain.std(axis=0) > 0
    np.testing.assert_allclose(rows[:, :-1].mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(rows[:, :-1].std(axis=0), varies.astype(float), atol=1e-12)
    assert (rows[:, -1] == 1.0).all()
    want = (Metadata().transform(OTHER) - plain.mean(axis=0))[:, varies] / plain.std(axis=0)[varies]
    np.testing.assert_allclose(builder.transform(OTHER)[:, :-1][:, varies], want, rtol=1e-12)


def test_the_scale_is_that_of_the_train_texts_only() -> None:
    builder = ConcatFeatures(builders=[Metadata()], standardise=True).fit(TRAIN)
    before = builder.fingerprint()
    assert abs(builder.transform(["x" * 5_000] * 9).mean()) > 0.1
    assert builder.fingerprint() == before


def test_categories_reach_the_parts() -> None:
    builder = ConcatFeatures(builders=[Metadata(categories=["p", "q"]), HashedNgrams(dim=4)])
    rows = builder.fit(["a", "b"], categories=["p", "q"]).transform(["a"], categories=["q"])
    assert rows[0, 16:18].tolist() == [0.0, 1.0]


def test_nothing_to_put_side_by_side_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        ConcatFeatures(builders=[])


def test_main_axes_are_those_of_the_covariance_matrix() -> None:
    columns = HashedNgrams(dim=16).transform(TRAIN)
    centred = columns - columns.mean(axis=0)
    _, strength, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:4] * np.sign(axes[np.arange(4), np.abs(axes[:4]).argmax(axis=1)])[:, None]
    builder = PcaFeatures(builder=HashedNgrams(dim=16), dim=4).fit(TRAIN)
    np.testing.assert_allclose(builder.transform(TRAIN), centred @ axes.T, atol=1e-10)
    white = PcaFeatures(builder=HashedNgrams(dim=16), dim=4, whiten=True).fit(TRAIN)
    np.testing.assert_allclose(
        white.transform(TRAIN).T @ white.transform(TRAIN) / 80, np.eye(4), atol=1e-9
    )
    assert strength[3] > 0


def test_axes_without_variance_are_left_out() -> None:
    builder = PcaFeatures(builder=HashedNgrams(dim=16), dim=9).fit(["a", "b", "c"])
    assert builder.dim == 2
    with pytest.raises(ConfigError, match=r"features\.dim"):
        PcaFeatures(builder=HashedNgrams(), dim=0)
