"""The two-way bootstrap: weights, normalisation, reproducibility, coverage."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics import bootstrap as module
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import percentile_interval


def make(groups: object = range(30), n_seeds: int = 4, draws: int = 50) -> TwoWayBootstrap:
    return TwoWayBootstrap(
        np.array(groups), n_seeds=n_seeds, draws=draws, rng=np.random.default_rng(7)
    )


def test_groups_are_drawn_whole_and_as_many_as_there_are() -> None:
    groups = np.array([5, 9, 5, 2, 9, 7])
    weights = make(groups).prompt_weights(0, 50)
    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3, 5]].sum(axis=1) == 4).all()
    assert (make(groups).seed_weights.sum(axis=1) == 4).all()


def test_multiplicities_have_the_moments_of_the_multinomial() -> None:
    weights = make(range(10), n_seeds=5, draws=20_000)
    prompts, seeds = weights.prompt_weights(0, 20_000), weights.seed_weights
    assert prompts.mean(axis=0) == pytest.approx(np.ones(10), abs=0.03)
    assert prompts.var(axis=0) == pytest.approx(np.full(10, 0.9), abs=0.04)
    assert seeds.var(axis=0) == pytest.approx(np.full(5, 0.8), abs=0.04)
    assert np.corrcoef(prompts[:, 0], seeds[:, 0])[0, 1] == pytest.approx(0.0, abs=0.03)


def test_means_equal_the_sum_written_out() -> None:
    rng = np.random.default_rng(0)
    tables, columns = rng.random((2, 4, 30)), rng.random((30, 3))
    tables[0, 1, 5] = tables[1, 2, 6] = columns[9, 0] = np.nan
    bootstrap = make()
    found = bootstrap.means(tables, columns)
    seen = ~(np.isnan(tables).any(axis=0) | np.isnan(columns).any(axis=1))
    assert found.compared == seen.sum() == 4 * 30 - 2 - 4
    for draw in (0, 17, 49):
        weights = np.outer(
            bootstrap.seed_weights[draw], bootstrap.prompt_weights(draw, draw + 1)[0]
        )
        by_hand = [np.average(table[seen], weights=weights[seen]) for table in tables]
        assert found.draws[draw] == pytest.approx(by_hand)
        spread = np.broadcast_to(columns[None], (4, 30, 3))
        assert found.column_draws[draw] == pytest.approx(
            np.average(spread[seen], weights=weights[seen], axis=0)
        )
    assert found.point == pytest.approx([table[seen].mean() for table in tables])


def test_complete_tables_need_no_mask_and_give_the_same() -> None:
    values = np.random.default_rng(1).random((4, 30))
    bootstrap = make()
    complete = bootstrap.means(values)
    masked = bootstrap.means(np.where(np.arange(30) < 29, values, np.nan))
    assert complete.point[0] == pytest.approx(values.mean())
    assert masked.point[0] == pytest.approx(values[:, :29].mean())
    by_hand = np.einsum(
        "bs,sn,bn->b", bootstrap.seed_weights, values, bootstrap.prompt_weights(0, 50)
    )
    assert complete.draws[:, 0] == pytest.approx(by_hand / (4 * 30))


def test_a_constant_stays_constant_however_the_groups_are_sized() -> None:
    values = np.full((4, 30), 0.7)
    values[2, :9] = np.nan
    found = make(np.arange(30) // 7).weighted_means(values)
    assert found == pytest.approx(np.full(50, 0.7))


def test_draws_do_not_depend_on_blocks_or_on_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).random((4, 30))
    whole = make().weighted_means(values)
    monkeypatch.setattr(module, "BLOCK_CELLS", 30 * 7)
    monkeypatch.setattr(module, "KEPT_BYTES", 0)
    again = make()
    assert again.weighted_means(values) == pytest.approx(whole, rel=1e-14)
    assert (again.prompt_weights(3, 5) == make().prompt_weights(3, 5)).all()


def test_more_draws_begin_with_the_same_draws() -> None:
    values = np.random.default_rng(2).random((4, 30))
    few, many = make(draws=10).weighted_means(values), make(draws=40).weighted_means(values)
    assert many[:10] == pytest.approx(few, rel=1e-14)


def test_one_seed_varies_the_prompts_only() -> None:
    bootstrap = make(n_seeds=1)
    assert (bootstrap.seed_weights == 1).all()
    same_prompts = bootstrap.weighted_means(np.full((1, 30), 0.3))
    assert same_prompts == pytest.approx(np.full(50, 0.3))


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="1 distinct label"):
        make([3, 3, 3])
    with pytest.raises(ValueError, match="n_seeds is 0"):
        make(n_seeds=0)
    with pytest.raises(ValueError, match=r"S = 4 seeds and n = 30"):
        make().means(np.zeros((3, 30)))
    with pytest.raises(ValueError, match="infinity"):
        make().means(np.full((4, 30), np.inf))
    with pytest.raises(ValueError, match="30 rows"):
        make().means(np.zeros((4, 30)), np.zeros((29, 2)))
    with pytest.raises(ValueError, match="nothing compares"):
        make().means(np.full((4, 30), np.nan))


@pytest.mark.parametrize(("seed_sd", "noise_sd"), [(0.05, 0.5), (0.2, 0.3)])
def test_interval_covers_the_true_mean(seed_sd: float, noise_sd: float) -> None:
    """Random effects of groups, seeds and their crossing; groups of one to three prompts."""
    rng = np.random.default_rng(11)
    groups = np.repeat(np.arange(60), rng.integers(1, 4, size=60))
    n_seeds, covered, replications = 20, 0, 200
    for _ in range(replications):
        prompt_effect = rng.normal(0.0, 0.6, 60)[groups]
        seed_effect = rng.normal(0.0, seed_sd, (n_seeds, 1))
        values = (
            0.4 + prompt_effect + seed_effect + rng.normal(0.0, noise_sd, (n_seeds, len(groups)))
        )
        bootstrap = TwoWayBootstrap(groups, n_seeds=n_seeds, draws=199, rng=rng)
        low, high = percentile_interval(bootstrap.weighted_means(values))
        covered += low <= 0.4 <= high
    assert 0.90 <= covered / replications <= 0.99


def test_resampling_one_way_only_would_not_cover() -> None:
    """Why both ways: with the seeds held fixed, their variation is missing from the interval."""
    rng = np.random.default_rng(12)
    covered = 0
    for _ in range(100):
        values = rng.normal(0.0, 0.5, (10, 1)) + rng.normal(0.0, 0.5, 80)
        one_way = TwoWayBootstrap(np.arange(80), n_seeds=1, draws=199, rng=rng)
        low, high = percentile_interval(one_way.weighted_means(values.mean(axis=0)[None]))
        covered += low <= 0.0 <= high
    assert covered < 80
