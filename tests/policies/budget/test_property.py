"""Budgets hold in whatever order requests come, and however their costs move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.policies.budget.costs import RidgeCosts
from gairp.policies.budget.pacer import BudgetPacer
from gairp.policies.budget.request_cap import RequestCap
from gairp.policies.linucb import LinUCB
from gairp.policies.random import Random
from gairp.policies.ucb1 import UCB1
from tests.policies.budget.horizon import replayed

Floats = NDArray[np.float64]
N = 2_000
INNER = {"linucb": LinUCB, "ucb1": UCB1, "random": Random}
ORDERS = ("shuffled", "dear_first", "dear_last", "price_jump", "price_fall", "waves")


def drawn(seed: int, order: str) -> tuple[Floats, Floats]:
    """Costs and qualities [N, 3] in an adversary's order; dear arms are better."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 0.6, N).clip(0.2, 4.0)
    noise = rng.uniform(0.8, 1.25, (N, 3))
    cost = size[:, None] * noise * np.array([1e-4, 6e-4, 3e-3])
    quality = (rng.random((N, 3)) < np.array([0.5, 0.7, 0.9])).astype(np.float64)
    by_size = np.argsort(size)
    rows = {
        "shuffled": np.arange(N),
        "dear_first": by_size[::-1],
        "dear_last": by_size,
        "waves": by_size.reshape(20, -1).T.ravel(),
    }.get(order, np.arange(N))
    cost, quality = cost[rows], quality[rows]
    half = np.arange(N) >= N // 2
    if order == "price_jump":
        cost[half] *= 3.0
    if order == "price_fall":
        cost[half] /= 3.0
    return cost, quality


def horizon(seed: int, order: str, share: float) -> tuple[Floats, Floats, float]:
    """And a budget between all small and all huge, in which no request exceeds a thousandth."""
    cost, quality = drawn(seed, order)
    least, most = cost.sum(axis=0)[[0, 2]]
    total = float(least + share * (most - least))
    return np.minimum(cost, total / 1000.0), quality, total


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    order=st.sampled_from(ORDERS),
    inner=st.sampled_from(sorted(INNER)),
    share=st.floats(0.02, 0.9),
    learned=st.booleans(),
)
def test_a_paced_budget_is_overshot_by_no_more_than_four_thousandths(
    seed: int, order: str, inner: str, share: float, learned: bool
) -> None:
    cost, quality, total = horizon(seed, order, share)
    costs = RidgeCosts() if learned else None
    policy = BudgetPacer(
        policy=INNER[inner](), requests=N, costs=costs, window=200, exhausted="refuse"
    )
    log, purse = replayed(
        policy, cost, quality, total_usd=total, expected=cost[:50].mean(axis=0),
        bound=cost.max(axis=0),
    )  # fmt: skip
    assert purse.spent_usd == pytest.approx(log["cost_usd"].sum())
    assert purse.spent_usd <= 1.004 * total
    refused = log["arms"] < 0
    assert (log["cost_usd"][refused] == 0.0).all()
    if refused.any():  # never while the cheapest could still be paid
        assert purse.spent_usd > 0.98 * total


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    order=st.sampled_from(ORDERS),
    inner=st.sampled_from(["linucb", "ucb1", "random"]),
    cap=st.floats(1e-5, 2e-2),
    by_context=st.booleans(),
)
def test_the_cap_of_a_request_is_never_crossed(
    seed: int, order: str, inner: str, cap: float, by_context: bool
) -> None:
    cost, quality = (table[:150] for table in drawn(seed, order))
    policy: BasePolicy = INNER[inner]()
    policy = RequestCap(policy=policy, cap_usd=None if by_context else cap)
    bound = cost.max(axis=0)
    log, _ = replayed(
        policy, cost, quality, total_usd=1e3, expected=cost.mean(axis=0), bound=bound,
        cap_usd=cap if by_context else np.inf,
    )  # fmt: skip
    assert (log["cost_usd"] <= cap).all()
    assert (log["arms"] < 0).all() == (bound.min() > cap)


@pytest.mark.parametrize("seed", [3, 4])
def test_the_budget_is_used_and_the_cheapest_serves_what_is_left(seed: int) -> None:
    """Where requests come in no order, nobody needs to be refused for the budget to hold."""
    cost, quality, total = horizon(seed, "shuffled", 0.3)
    policy = BudgetPacer(policy=UCB1(), requests=N, window=200)
    log, purse = replayed(
        policy, cost, quality, total_usd=total, expected=cost[:50].mean(axis=0),
        bound=cost.max(axis=0),
    )  # fmt: skip
    assert (log["arms"] >= 0).all()
    assert purse.spent_usd <= 1.004 * total
    assert purse.spent_usd >= 0.95 * total
