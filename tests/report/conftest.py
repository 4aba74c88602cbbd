"""Small studies whose every figure is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gairp.report.study import Pool, Run, Study

#: weak answers prompts 0..3 right, strong 0..5; weak costs 0.001 and takes 1 s, strong 0.003, 4 s.
WEAK, STRONG = 0, 1
N = 8


@pytest.fixture
def pool() -> Pool:
    quality = np.array([[1, 1]] * 4 + [[0, 1]] * 2 + [[0, 0]] * 2, dtype=np.float64)
    return Pool(
        arms=("weak", "strong"),
        prompt_ids=tuple(f"p{i}" for i in range(N)),
        categories=("easy",) * 4 + ("hard",) * 4,
        groups=np.arange(N),
        quality=quality,
        cost_usd=np.tile([0.001, 0.003], (N, 1)),
        latency_s=np.tile([1.0, 4.0], (N, 1)),
        train_quality=np.array([0.5, 0.7]),
        train_cost_usd=np.array([0.001, 0.003]),
        train_latency_s=np.array([1.0, 4.0]),
    )


def run_of(
    pool: Pool,
    arms: Sequence[int],
    *,
    policy: str = "p",
    seed: int = 0,
    cost_weight: float | None = None,
    order: Sequence[int] | None = None,
) -> Run:
    """A run that answers prompt i with arms[i] (-1: refused), served in `order`."""
    rows = np.arange(len(arms)) if order is None else np.asarray(order)
    chosen = np.asarray(arms)[rows]
    refused = chosen < 0

    def outcome(
        table: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None,
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        if table is None:
            return np.full(len(rows), np.nan)
        return np.where(refused, np.nan, table[rows, chosen])

    return Run(
        policy=policy,
        seed=seed,
        rows=rows,
        arms=chosen,
        propensity=np.full(len(rows), 0.5),
        quality=outcome(pool.quality),
        cost_usd=outcome(pool.cost_usd),
        latency_s=outcome(pool.latency_s),
        cost_weight=cost_weight,
    )


@pytest.fixture
def make_run(pool: Pool) -> Callable[..., Run]:
    def make(arms: Sequence[int], **settings: object) -> Run:
        return run_of(pool, arms, **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def study(pool: Pool, make_run: Callable[..., Run]) -> Study:
    """Seed 0 sends prompts 4..7 to strong, in reverse order; seed 1 sends nothing there."""
    return Study(
        name="tiny",
        pool=pool,
        runs=(
            make_run([0, 0, 0, 0, 1, 1, 1, 1], seed=0, order=range(N)[::-1]),
            make_run([0] * N, seed=1),
        ),
        sweep=(),
        utility={"cost_weight": 0.1},
        primary="p",
        notes=("assumed: output_tokens = 256",),
        facts={"data": "sha256:1234"},
    )


@pytest.fixture
def big_study() -> Callable[..., Study]:
    """400 prompts, 3 arms, and policies that hit the best arm with a known rate."""

    def make(seeds: int = 10, **skill: float) -> Study:
        n, k = 400, 3
        rng = np.random.default_rng(5)
        quality = (rng.random((n, k)) < [0.4, 0.6, 0.8]).astype(np.float64)
        cost = np.tile([0.0001, 0.001, 0.01], (n, 1)) * rng.uniform(0.5, 1.5, (n, k))
        pool = Pool(
            arms=("small", "middle", "large"),
            prompt_ids=tuple(f"q{i}" for i in range(n)),
            categories=("",) * n,
            groups=np.arange(n) // 2,
            quality=quality,
            cost_usd=cost,
            latency_s=None,
            train_quality=np.array([0.4, 0.6, 0.8]),
            train_cost_usd=np.array([0.0001, 0.001, 0.01]),
            train_latency_s=None,
        )
        runs = [
            _skilled(pool, policy, seed, rate)
            for policy, rate in skill.items()
            for seed in range(seeds)
        ]
        return Study(
            name="big", pool=pool, runs=tuple(runs), sweep=(), utility={}, primary=next(iter(skill))
        )

    return make


def _skilled(pool: Pool, policy: str, seed: int, rate: float) -> Run:
    """Chooses at random, but with this rate the best arm (the worst one, if negative)."""
    rng = np.random.default_rng([seed, len(policy)])
    n, k = pool.quality.shape
    known = (pool.quality if rate > 0 else -pool.quality).argmax(axis=1)
    arms = np.where(rng.random(n) < abs(rate), known, rng.integers(k, size=n))
    return run_of(pool, arms.tolist(), policy=policy, seed=seed, order=rng.permutation(n).tolist())
