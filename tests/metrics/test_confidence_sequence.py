"""An interval that holds at all times together, and agrees with the test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gairp.metrics.confidence_sequence import confidence_sequence
from gairp.metrics.e_process import e_process


def test_one_bet_by_hand() -> None:
    # One difference 1, one bet 1/2: the capital against mean μ of (1 + d)/2 is
    # (1/2)(1 + (1/μ − 1)/2) + (1/2)(1/2) = 1/2 + 1/(4μ), and reaches 1/α = 2 at μ = 1/6.
    low, high = confidence_sequence([1.0], alpha=0.5, bets=1)
    assert low == pytest.approx(2 / 6 - 1, abs=1e-6)
    assert high == 1.0


def test_no_difference_says_nothing_and_an_unknown_one_adds_nothing() -> None:
    assert confidence_sequence([]) == (-1.0, 1.0)
    known = confidence_sequence([0.5, -0.5, 1.0] * 9)
    assert confidence_sequence([0.5, math.nan, -0.5, 1.0] * 9) == known


def test_sides_are_mirrored() -> None:
    steps = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], p=[0.1, 0.6, 0.3], size=80)
    low, high = confidence_sequence(steps)
    assert confidence_sequence(-steps) == pytest.approx((-high, -low), abs=1e-6)


def test_zero_is_left_out_exactly_when_the_test_has_found_a_change() -> None:
    rng = np.random.default_rng(4)
    agreed = []
    for shift in np.linspace(-0.5, 0.5, 40):
        up = (1.0 + shift) / 2.0
        steps = rng.choice([-1.0, 1.0], p=[1.0 - up, up], size=60)
        low, high = confidence_sequence(steps)
        agreed.append((not low <= 0.0 <= high) == (e_process(steps).crossing is not None))
    assert all(agreed)


def test_it_covers_although_it_is_looked_at_when_it_suits() -> None:
    """Stopped at the first moment that leaves 0 out, else at 150: the truth −0.2 is inside."""
    rng, covered = np.random.default_rng(5), []
    for _ in range(60):
        steps = (rng.random(150) < 0.5).astype(float) - (rng.random(150) < 0.7)
        stop = e_process(steps, alpha=0.1).crossing or 150
        low, high = confidence_sequence(steps[:stop], alpha=0.1)
        covered.append(low <= -0.2 <= high)
    assert sum(covered) >= 54


def test_more_data_narrow_it_and_it_stays_within_what_it_was() -> None:
    steps = np.random.default_rng(6).choice([-1.0, 0.0, 1.0], p=[0.2, 0.7, 0.1], size=400)
    first, second = confidence_sequence(steps[:100]), confidence_sequence(steps)
    assert first[0] <= second[0] + 1e-6
    assert second[1] <= first[1] + 1e-6
    assert second[1] - second[0] < 0.6 * (first[1] - first[0])


def test_data_that_contradict_every_mean_leave_one_point() -> None:
    low, high = confidence_sequence([-1.0] * 200 + [1.0] * 5000, alpha=0.2)
    assert low == high


@pytest.mark.parametrize(
    ("differences", "settings", "named"),
    [([1.5], {}, "1.5 is outside"), ([0.0], {"alpha": 1.0}, "alpha is 1.0"),
     ([0.0], {"bets": 0}, "bets is 0")],
)  # fmt: skip
def test_what_makes_no_interval_is_named(
    differences: list[float], settings: dict[str, float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        confidence_sequence(differences, **settings)  # type: ignore[arg-type]
