"""TF-IDF and its latent directions."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError, FeatureError
from gairp.features import TfidfSvd
from tests.features.corpus import sentences


def test_it_agrees_with_an_exact_decomposition() -> None:
    """Against numpy on the dense matrix, with the TF-IDF weights written out."""
    texts = ["red red green", "green blue", "blue red blue", "red", "green blue blue green"]
    terms = ["blue", "green", "red"]
    counts = np.array([[text.split().count(term) for term in terms] for text in texts], float)
    idf = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
    tf = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0)
    weights = tf * idf
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    _, _, rows = np.linalg.svd(weights)
    want = weights @ rows[:2].T
    want *= np.sign(rows[[0, 1], np.abs(rows[:2]).argmax(axis=1)])
    got = TfidfSvd(dim=2, min_df=1, iterations=30, normalise=False).fit(texts).transform(texts)
    np.testing.assert_allclose(got, want, atol=1e-10)


def test_topics_come_apart() -> None:
    texts = sentences(150)
    rows = TfidfSvd(dim=3).fit(texts).transform(texts)
    topic = np.arange(150) % 3
    same = rows @ rows.T
    inside = same[topic[:, None] == topic[None, :]].mean()
    outside = same[topic[:, None] != topic[None, :]].mean()
    assert inside > outside + 0.4


def test_unknown_words_have_the_zero_row_and_others_unit_length() -> None:
    rows = TfidfSvd(dim=4).fit(sentences(60)).transform(["xyzzy plugh", *sentences(5, seed=2)])
    assert not rows[0].any()
    np.testing.assert_allclose(np.linalg.norm(rows[1:], axis=1), 1.0, rtol=1e-12)


def test_dim_shrinks_to_the_independent_directions() -> None:
    builder = TfidfSvd(dim=50, min_df=1).fit(["a b", "a b", "c", "c", "a b c"])
    assert builder.dim == 2


def test_the_seed_is_a_part_of_the_fit() -> None:
    texts = sentences(300)
    one, two = (TfidfSvd(dim=12, iterations=1).fit(texts, seed=seed) for seed in (0, 1))
    assert one.fingerprint() != two.fingerprint()
    assert one.fingerprint() == TfidfSvd(dim=12, iterations=1).fit(texts, seed=0).fingerprint()


def test_texts_without_a_shared_term_are_refused() -> None:
    with pytest.raises(FeatureError, match="leave no term that 2 of them share"):
        TfidfSvd().fit(["one", "two", "three"])
    with pytest.raises(FeatureError, match="3 train texts"):
        TfidfSvd(min_df=1).fit(["", " ", "?"])


@pytest.mark.parametrize("options", [{"dim": 0}, {"min_df": 0}, {"analyzer": "byte"}])
def test_wrong_parameters_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="features"):
        TfidfSvd(**options)  # type: ignore[arg-type]
