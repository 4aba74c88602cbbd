"""Looking at every step costs no error, and a real change is found."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from gairp.metrics.e_process import e_process

Draw = Callable[[np.random.Generator, int], np.ndarray]


def test_the_capital_of_one_bet_by_hand() -> None:
    found = e_process([1.0, -1.0, 0.5], bets=1, alpha=0.5)  # γ = 1/2
    np.testing.assert_allclose(found.rose, [1.5, 0.75, 0.9375], rtol=1e-14)
    np.testing.assert_allclose(found.fell, [0.5, 0.75, 0.5625], rtol=1e-14)
    np.testing.assert_allclose(found.path, [1.0, 0.75, 0.75], rtol=1e-14)
    assert found.crossing is None


def test_the_capital_is_spread_over_the_bets() -> None:
    found = e_process([1.0, 1.0], bets=2)  # γ = 1/4 and 3/4
    np.testing.assert_allclose(found.rose, [(1.25 + 1.75) / 2, (1.25**2 + 1.75**2) / 2], rtol=1e-14)
    np.testing.assert_allclose(found.fell, [(0.75 + 0.25) / 2, (0.75**2 + 0.25**2) / 2], rtol=1e-14)
    np.testing.assert_allclose(found.path, (found.rose + found.fell) / 2, rtol=1e-14)


def test_the_first_crossing_is_the_first_time_at_one_over_alpha() -> None:
    found = e_process([1.0] * 12, bets=1, alpha=0.1)
    by_hand = [(1.5**t + 0.5**t) / 2 for t in range(1, 13)]
    np.testing.assert_allclose(found.path, by_hand, rtol=1e-13)
    assert found.crossing == 1 + next(i for i, e in enumerate(by_hand) if e >= 10.0) == 8


def every_sequence(n: int) -> np.ndarray:
    return np.array(list(product((-1.0, 1.0), repeat=n)))


def test_the_game_is_fair_and_peeking_is_paid_for_exactly() -> None:
    """All 4,096 sequences of 12 fair coins: the mean e-value is 1, and Ville's bound holds."""
    found = [e_process(flips, alpha=0.1, bets=4) for flips in every_sequence(12)]
    np.testing.assert_allclose(np.mean([f.path for f in found], axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.mean([f.rose for f in found], axis=0), 1.0, rtol=1e-12)
    crossed = np.mean([f.crossing is not None for f in found])
    assert 0.02 < crossed <= 0.1


def signs(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], size=n)


def mostly_ties(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice([-1.0, 0.0, 1.0], p=[0.05, 0.9, 0.05], size=n)


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice([-0.1, 0.9], p=[0.9, 0.1], size=n)


def wandering_spread(rng: np.random.Generator, n: int) -> np.ndarray:
    """The spread depends on the past, the mean stays 0."""
    steps = rng.uniform(-1.0, 1.0, size=n)
    steps[1:] *= np.where(steps[:-1] > 0, 1.0, 0.1)
    return steps


@pytest.mark.parametrize("draw", [signs, mostly_ties, skewed, wandering_spread])
def test_continuous_peeking_keeps_the_level(draw: Draw) -> None:
    rng = np.random.default_rng(20)
    runs = [e_process(draw(rng, 1000), alpha=0.1) for _ in range(400)]
    assert np.mean([run.crossing is not None for run in runs]) <= 0.1


@pytest.mark.parametrize(("shift", "within"), [(-0.2, 700), (0.1, 2800)])
def test_a_real_change_is_found_and_its_side_is_told(shift: float, within: int) -> None:
    # The logarithm of the evidence grows by shift²/2 a step, with deviation |shift| · sqrt(n); it
    # must reach log 20, log 2 for the other side and about log 8 for the other bets: 28/shift².
    rng = np.random.default_rng(21)
    up = (1.0 + shift) / 2.0
    runs = [e_process(rng.choice([-1.0, 1.0], p=[1.0 - up, up], size=within)) for _ in range(100)]
    assert np.mean([run.crossing is not None for run in runs]) >= 0.9
    told = [run.rose[-1] > run.fell[-1] for run in runs]
    assert np.mean(told) == float(shift > 0)


def test_a_change_among_many_ties_is_found_sooner_than_the_same_among_none() -> None:
    rng = np.random.default_rng(22)
    tied = e_process(rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.89, 0.01], size=2000)).crossing
    plain = e_process(rng.choice([-1.0, 1.0], p=[0.545, 0.455], size=2000)).crossing
    assert tied is not None
    assert tied < (plain or 2000) / 2


def test_evidence_does_not_depend_on_the_order_and_a_longer_record_only_adds() -> None:
    rng = np.random.default_rng(23)
    steps = rng.uniform(-1.0, 0.9, size=200)
    whole = e_process(steps)
    np.testing.assert_allclose(e_process(rng.permutation(steps)).path[-1], whole.path[-1])
    np.testing.assert_array_equal(e_process(steps[:80]).path, whole.path[:80])


def test_nothing_is_bet_on_what_was_not_recorded() -> None:
    found = e_process([0.5, math.nan, -0.5], bets=1)
    np.testing.assert_allclose(found.rose, [1.25, 1.25, 1.25 * 0.75], rtol=1e-14)


def test_overwhelming_evidence_is_infinite_and_quiet() -> None:
    found = e_process([-1.0] * 3000)
    assert found.path[-1] == math.inf
    assert found.fell[-1] == math.inf
    assert found.rose[-1] < 1e-6
    assert found.crossing is not None
    assert found.crossing < 12


def test_no_difference_yet_is_no_evidence() -> None:
    found = e_process([])
    assert (len(found.path), found.crossing) == (0, None)


@pytest.mark.parametrize(
    ("differences", "settings", "named"),
    [
        ([0.0, 1.5], {}, r"differences\[1\] is 1.5"),
        ([math.nan, -math.inf], {}, r"differences\[1\] is -inf"),
        ([[0.0]], {}, "2 axes"),
        ([0.0], {"alpha": 0.0}, "alpha is 0.0"),
        ([0.0], {"bets": 0}, "bets is 0"),
    ],
)
def test_what_makes_no_test_is_named(
    differences: list[float], settings: dict[str, float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        e_process(differences, **settings)  # type: ignore[arg-type]
