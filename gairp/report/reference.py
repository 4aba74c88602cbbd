"""Reference points: what needs no policy to be run.

Each is a probability over the arms for every prompt, so that a fixed arm, a fixed mix and the
per-prompt oracle are measured by one rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gairp.metrics.mix import ZeroRouter, mix_weights
from gairp.metrics.selection import best_fixed, oracle_choice
from gairp.report.compared import (
    BEST_ON_TRAIN,
    CHEAPEST,
    FIXED,
    ORACLE,
    ZERO_ROUTER,
    Compared,
    train_utility,
)
from gairp.report.study import Floats


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference point."""

    name: str
    weights: Floats  #: [n, k], rows sum to 1
    coverage: float
    what: str  #: which arm or mix it is

    def mean(self, values: Floats) -> Floats:
        """[n], the expected value for each prompt; values: [n, k]."""
        return np.asarray((self.weights * values).sum(axis=1))


def fixed_arms(compared: Compared) -> list[Reference]:
    """Every arm of the pool, always."""
    return [_constant(compared, FIXED + arm, i, arm) for i, arm in enumerate(compared.pool.arms)]


def cheapest(compared: Compared) -> Reference | None:
    """The arm with the lowest mean cost on train; None where costs are unknown."""
    costs = compared.pool.train_cost_usd
    if costs is None or np.isnan(costs).any():
        return None
    arm = int(np.lexsort((-compared.pool.train_quality, costs))[0])
    return _constant(compared, CHEAPEST, arm, f"{compared.pool.arms[arm]} (lowest cost on train)")


def best_on_train(compared: Compared) -> Reference:
    """The arm with the largest mean utility on train."""
    arm = best_on_train_arm(compared)
    return _constant(
        compared, BEST_ON_TRAIN, arm, f"{compared.pool.arms[arm]} (largest utility on train)"
    )


def best_on_train_arm(compared: Compared) -> int:
    """Column of the arm with the largest mean utility on train; ties to the cheaper one."""
    pool = compared.pool
    cost = pool.train_cost_usd
    return best_fixed(
        train_utility(pool, compared.utility)[None], None if cost is None else cost[None]
    )


def best_fixed_arm(compared: Compared) -> int:
    """Column of the best fixed arm in hindsight, the comparator of `regret_best_fixed`."""
    return best_fixed(compared.arm_utility, compared.pool.cost_usd)


def mix(compared: Compared) -> ZeroRouter | None:
    """The best fixed mix, its vertices chosen on train; None where some cost is unknown."""
    pool = compared.pool
    costs = pool.train_cost_usd
    if pool.cost_usd is None or costs is None or np.isnan(costs).any():
        return None
    if any(np.isnan(run.cost_usd).any() for runs in compared.runs.values() for run in runs):
        return None
    return ZeroRouter.fit(costs, pool.train_quality)


def mix_at(compared: Compared, router: ZeroRouter, cost_usd: float, beside: str) -> Reference:
    """The best fixed mix at this mean cost, that of the policy named `beside`."""
    pool = compared.pool
    assert pool.cost_usd is not None
    chosen = list(router.vertices)
    shares = np.zeros(len(pool.arms))
    shares[chosen] = mix_weights(
        pool.cost_usd.mean(axis=0)[chosen], pool.quality.mean(axis=0)[chosen], cost_usd
    )
    names = " + ".join(
        f"{share:.0%} {arm}" for arm, share in zip(pool.arms, shares, strict=True) if share > 0
    )
    return Reference(
        name=ZERO_ROUTER,
        weights=np.broadcast_to(shares, pool.quality.shape),
        coverage=float(shares @ compared.arm_coverage),
        what=f"best fixed mix at the cost of {beside}: {names}",
    )


def oracle(compared: Compared) -> Reference:
    """The arm that turned out best for each prompt; ties to the cheaper one."""
    pool = compared.pool
    choice = oracle_choice(compared.arm_utility, pool.cost_usd)
    recorded = ~np.isnan(compared.study.pool.quality).all(axis=1)
    return Reference(
        name=ORACLE,
        weights=np.eye(len(pool.arms))[choice],
        coverage=float(recorded.mean()),
        what="the best arm of each prompt in hindsight",
    )


def _constant(compared: Compared, name: str, arm: int, what: str) -> Reference:
    shape = compared.pool.quality.shape
    weights = np.broadcast_to(np.eye(shape[1])[arm], shape)
    return Reference(
        name=name, weights=weights, coverage=float(compared.arm_coverage[arm]), what=what
    )
