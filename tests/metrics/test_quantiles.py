"""Weighted quantiles."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics.quantiles import weighted_quantiles


def test_quantiles_are_measured_values() -> None:
    values = np.arange(1.0, 101.0)[::-1]
    assert weighted_quantiles(values).tolist() == [50.0, 95.0, 99.0]
    assert weighted_quantiles(np.arange(1.0, 21.0), [0.0, 0.95, 1.0]).tolist() == [1.0, 19.0, 20.0]


def test_agrees_with_numpy_on_equal_weights() -> None:
    values = np.random.default_rng(1).lognormal(size=(7, 143))
    expected = np.quantile(values, [0.5, 0.95, 0.99], method="inverted_cdf")
    assert weighted_quantiles(values) == pytest.approx(expected)


def test_a_weight_counts_as_that_many_values() -> None:
    values, weights = [3.0, 1.0, 2.0], [1.0, 2.0, 5.0]
    repeated = np.repeat(values, [1, 2, 5])
    probabilities = [0.1, 0.25, 0.26, 0.5, 0.875, 0.9]
    found = weighted_quantiles(values, probabilities, weights)
    assert found.tolist() == weighted_quantiles(repeated, probabilities).tolist()
    assert found.tolist() == [1.0, 1.0, 2.0, 2.0, 2.0, 3.0]


def test_unmeasured_values_are_left_out() -> None:
    assert weighted_quantiles([np.nan, 4.0, 2.0], [0.5, 1.0]).tolist() == [2.0, 4.0]
    assert np.isnan(weighted_quantiles([np.nan])).all()
    assert np.isnan(weighted_quantiles([1.0], weights=[0.0])).all()


def test_bad_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="weights must be >= 0"):
        weighted_quantiles([1.0], weights=[-1.0])
    with pytest.raises(ValueError, match=r"values \(2,\), weights \(1,\)"):
        weighted_quantiles([1.0, 2.0], weights=[1.0])
