"""A policy against the best fixed mix."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics.arrays import Floats
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.compare import compare_means, compare_with_mix, estimate_mean
from gairp.metrics.hull import hull_vertices
from gairp.metrics.selection import take

N, SEEDS = 400, 10


def arms(rng: np.random.Generator, n: int = N) -> tuple[Floats, Floats]:
    """Three arms, quality 0.3, 0.6, 0.7 at cost 1, 2, 4 on average."""
    quality = (rng.random((n, 3)) < [0.3, 0.6, 0.7]).astype(np.float64)
    return quality, rng.uniform(0.5, 1.5, (n, 1)) * [1.0, 2.0, 4.0]


def bootstrap(draws: int = 399, n: int = N) -> TwoWayBootstrap:
    return TwoWayBootstrap(np.arange(n), n_seeds=SEEDS, draws=draws, rng=np.random.default_rng(1))


def test_every_fixed_vertex_ties_with_the_mix() -> None:
    quality, cost = arms(np.random.default_rng(0))
    for arm in range(3):
        choice = np.full((SEEDS, N), arm)
        found = compare_with_mix(
            take(quality, choice), take(cost, choice), quality, cost, [0, 1, 2], bootstrap()
        )
        assert found.gain.point == pytest.approx(0.0, abs=1e-12)
        assert found.gain.low == pytest.approx(0.0, abs=0.02)
        assert found.saving.point == pytest.approx(0.0, abs=1e-12)
        assert found.feasible
        assert found.p_value > 0.4


def test_mix_at_equal_cost_by_hand() -> None:
    quality = np.tile([0.2, 0.6], (4, 1))
    cost = np.tile([1.0, 3.0], (4, 1))
    small = TwoWayBootstrap(np.arange(4), n_seeds=2, draws=20, rng=np.random.default_rng(0))
    found = compare_with_mix(
        np.full((2, 4), 0.5), np.full((2, 4), 2.0), quality, cost, (0, 1), small
    )
    assert found.mix_quality == pytest.approx(0.4)
    assert found.gain.point == found.gain.low == found.gain.high == pytest.approx(0.1)
    assert found.mix_cost == pytest.approx(2.5)
    assert found.saving.point == found.saving.high == pytest.approx(0.2)
    assert found.p_value == pytest.approx(2 / 21)
    assert (found.quality, found.cost, found.compared) == (0.5, 2.0, 8)


def test_the_oracle_gains_and_a_random_choice_does_not() -> None:
    rng = np.random.default_rng(3)
    quality, cost = arms(rng)
    best = np.tile(np.where(quality[:, 0] > 0, 0, np.where(quality[:, 1] > 0, 1, 2)), (SEEDS, 1))
    oracle = compare_with_mix(
        take(quality, best), take(cost, best), quality, cost, [0, 1, 2], bootstrap()
    )
    assert oracle.gain.low > 0.15
    assert oracle.p_value == pytest.approx(2 / 400)
    assert np.isnan(oracle.saving.point)  # no mix is as good at any price
    assert np.isnan(oracle.saving.low)
    blind = rng.integers(3, size=(SEEDS, N))
    random = compare_with_mix(
        take(quality, blind), take(cost, blind), quality, cost, [0, 1, 2], bootstrap()
    )
    assert random.gain.high < 0.0
    assert random.saving.high < 0.0


def test_what_one_seed_lacks_is_left_out_for_the_arms_too() -> None:
    quality, cost = arms(np.random.default_rng(4))
    choice = np.full((SEEDS, N), 1)
    mine = take(quality, choice)
    mine[3:, :200] = np.nan  # an arm judged on all prompts would differ from itself on these
    found = compare_with_mix(mine, take(cost, choice), quality, cost, [0, 1, 2], bootstrap())
    assert found.gain.point == pytest.approx(0.0, abs=1e-12)
    assert found.compared == SEEDS * N - 7 * 200
    quality[7] = np.nan
    found = compare_with_mix(mine, take(cost, choice), quality, cost, [0, 1, 2], bootstrap())
    assert found.gain.point == pytest.approx(0.0, abs=1e-12)
    assert found.compared == SEEDS * N - 7 * 200 - 3


def test_arms_that_train_left_out_may_be_missing() -> None:
    quality, cost = arms(np.random.default_rng(5))
    quality[:50, 1] = np.nan
    choice = np.full((SEEDS, N), 0)
    found = compare_with_mix(
        take(quality, choice), take(cost, choice), quality, cost, [0, 2], bootstrap()
    )
    assert found.compared == SEEDS * N


def test_cheaper_than_the_cheapest_vertex_is_flagged() -> None:
    quality, cost = arms(np.random.default_rng(6))
    found = compare_with_mix(
        np.full((SEEDS, N), 0.3), np.full((SEEDS, N), 0.5), quality, cost, [0, 1, 2], bootstrap()
    )
    assert not found.feasible
    assert found.mix_quality == pytest.approx(quality[:, 0].mean())


def test_interval_of_the_gain_covers_the_truth() -> None:
    """Arms in the population: 0.3, 0.6, 0.7 at cost 1, 2, 4; a policy that knows a little."""
    rng = np.random.default_rng(8)
    covered, replications = 0, 100
    for _ in range(replications):
        quality, cost = arms(rng, n=300)
        # Half the time arm 2 where it is right, else arm 1: P(right) = 0.65, so
        # quality 0.35 + 0.65·0.6 = 0.74 at cost 0.35·4 + 0.65·2 = 2.7; the mix there: 0.635.
        knows = rng.random((SEEDS, 300)) < 0.5
        choice = np.where(knows & (quality[:, 2] > 0), 2, 1)
        weights = TwoWayBootstrap(np.arange(300), n_seeds=SEEDS, draws=199, rng=rng)
        found = compare_with_mix(
            take(quality, choice), take(cost, choice), quality, cost, [0, 1, 2], weights
        )
        covered += found.gain.low <= 0.74 - 0.635 <= found.gain.high
    assert hull_vertices([1.0, 2.0, 4.0], [0.3, 0.6, 0.7]).tolist() == [0, 1, 2]
    assert 0.90 <= covered / replications <= 1.0


def test_paired_difference_is_sharper_than_its_parts() -> None:
    rng = np.random.default_rng(9)
    reference = rng.random(N)
    values = reference + 0.02 + rng.normal(0.0, 0.01, (SEEDS, N))
    difference, p = compare_means(values, reference, bootstrap())
    assert difference.point == pytest.approx(0.02, abs=1e-3)
    assert difference.low > 0.018
    assert p == pytest.approx(2 / 400)
    alone = estimate_mean(values, bootstrap())
    assert alone.point == pytest.approx(values.mean())
    assert alone.high - alone.low > 10 * (difference.high - difference.low)
