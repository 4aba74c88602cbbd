"""Randomness of one decision depends on its key and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from gairp.rng import DecisionRng


def test_numbers_are_fixed_for_good() -> None:
    """A log replays only as long as these stay what they are."""
    rng = DecisionRng(7, "req-1")
    assert [rng.random(), rng.random()] == [0.3039539967200964, 0.14053256623570176]
    assert DecisionRng(7, "req-1").generator().integers(0, 1_000_000, 3).tolist() == [
        742153,
        141715,
        177884,
    ]


@given(st.integers(), st.text(), st.integers(min_value=0, max_value=9))
def test_same_key_same_numbers(seed: int, request_id: str, attempt: int) -> None:
    one, two = (DecisionRng(seed, request_id, attempt) for _ in range(2))
    numbers = [one.random() for _ in range(3)]
    assert numbers == [two.random() for _ in range(3)]
    assert all(0.0 <= number < 1.0 for number in numbers)
    assert len(set(numbers)) == 3
    assert one.generator().random() == two.generator().random()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ((0, "a", 0), (1, "a", 0)),
        ((0, "a", 0), (0, "b", 0)),
        ((0, "a", 0), (0, "a", 1)),
        ((1, "1/a", 1), (1, "a", 1)),  # parts of the key cannot flow into each other
        ((11, "a", 1), (1, "a", 11)),
        ((0, "é", 0), (0, "e", 0)),
    ],
)
def test_another_key_gives_other_numbers(
    one: tuple[int, str, int], two: tuple[int, str, int]
) -> None:
    assert DecisionRng(*one).random() != DecisionRng(*two).random()
    assert DecisionRng(*one).generator().random() != DecisionRng(*two).generator().random()


def test_generators_of_one_decision_differ() -> None:
    rng = DecisionRng(0, "a")
    first, second = rng.generator().random(4), rng.generator().random(4)
    assert not np.isin(first, second).any()


def test_numbers_are_uniform_and_independent_over_requests() -> None:
    pairs = np.array(
        [(r.random(), r.random()) for r in (DecisionRng(3, f"q{i}") for i in range(4000))]
    )
    assert kstest(pairs[:, 0], "uniform").pvalue > 1e-3
    assert kstest(pairs[:, 1], "uniform").pvalue > 1e-3
    # 4,000 pairs: the correlation has a standard deviation of 0.016.
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.06
    assert abs(np.corrcoef(pairs[:-1, 0], pairs[1:, 0])[0, 1]) < 0.06
