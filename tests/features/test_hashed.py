"""Hashed n-grams."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.features import HashedNgrams
from tests.features.corpus import sentences


def test_known_rows_stay_as_they_are() -> None:
    """A change here needs a new `version`: caches and saved policies hold the old rows."""
    words = HashedNgrams(dim=8, sublinear=False).transform_one("to be or not to be")
    want = np.array([3, 0, -2, 0, 2, -2, 0, 0]) / np.sqrt(21)
    np.testing.assert_allclose(words, want, atol=1e-12)
    chars = HashedNgrams(dim=8, analyzer="char", ngram_max=3, sublinear=False)
    want = np.array([2, 2, 0, -1, 0, 1, 0, 0]) / np.sqrt(10)
    np.testing.assert_allclose(chars.transform_one("to be or not"), want, atol=1e-12)


def test_rows_have_unit_length_and_an_empty_text_the_zero_row() -> None:
    rows = HashedNgrams(dim=64).transform([*sentences(50), ""])
    np.testing.assert_allclose(np.linalg.norm(rows[:-1], axis=1), 1.0, rtol=1e-12)
    assert not rows[-1].any()


def test_case_does_not_matter_and_order_does_with_pairs() -> None:
    singles, pairs = HashedNgrams(dim=256, ngram_max=1), HashedNgrams(dim=256)
    assert np.array_equal(
        singles.transform_one("Man bites DOG"), singles.transform_one("man bites dog")
    )
    assert np.array_equal(
        singles.transform_one("dog bites man"), singles.transform_one("man bites dog")
    )
    assert not np.array_equal(
        pairs.transform_one("dog bites man"), pairs.transform_one("man bites dog")
    )


@pytest.mark.parametrize("options", [{}, {"ngram_max": 1}, {"analyzer": "char", "ngram_max": 4}])
def test_buckets_and_signs_are_even(options: dict[str, object]) -> None:
    """Of 20,000 single n-grams, each of 32 buckets and both signs get their share (χ², 1e-4)."""
    builder = HashedNgrams(dim=32, sublinear=False, **options)  # type: ignore[arg-type]
    rows = builder.transform(
        [f"w{i:05d}" if "analyzer" not in options else chr(i + 0x4E00) * 4 for i in range(20_000)]
    )
    filled = np.count_nonzero(rows, axis=0)
    positive = np.count_nonzero(rows > 0, axis=0)
    assert filled.sum() == 20_000
    assert ((filled - 625.0) ** 2 / 625.0).sum() < 72.0
    assert ((positive - filled / 2) ** 2 / (filled / 4)).sum() < 75.0


def test_inner_products_are_unbiased() -> None:
    """Two texts that share half of their words: mean inner product over many pairs is 1/2."""
    builder = HashedNgrams(dim=64, ngram_max=1, sublinear=False)
    products = []
    for i in range(2_000):
        shared = [f"s{i}x{j}" for j in range(10)]
        one = " ".join(shared + [f"a{i}x{j}" for j in range(10)])
        two = " ".join(shared + [f"b{i}x{j}" for j in range(10)])
        products.append(builder.transform_one(one) @ builder.transform_one(two))
    assert np.mean(products) == pytest.approx(0.5, abs=4 * np.std(products) / np.sqrt(2_000) + 0.01)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"dim": 1}, r"features\.dim: 1"),
        ({"analyzer": "byte"}, r"features\.analyzer: 'byte'"),
        ({"ngram_max": 3}, r"features\.ngram_max: 3"),
        ({"analyzer": "char", "ngram_max": 0}, r"features\.ngram_max: 0"),
    ],
)
def test_wrong_parameters_are_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        HashedNgrams(**options)  # type: ignore[arg-type]
