"""Small training sets, and policies that were fitted on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.rng import DecisionRng
from gairp.types import Decision, TrainingSet
from tests.contracts.policy_world import context

P = TypeVar("P", bound=BasePolicy)
Floats = NDArray[np.float64]


def training_set(
    score: Sequence[Sequence[float]] | Floats,
    *,
    arms: Sequence[str] = ("a", "b", "c"),
    cost: Sequence[float] | None = None,
    features: Floats | None = None,
) -> TrainingSet:
    """Scores [n, k], NaN where unobserved; costs by arm."""
    values = np.array(score, dtype=np.float64)
    n, k = values.shape
    return TrainingSet(
        arms=tuple(arms),
        features=np.ones((n, 1)) if features is None else features,
        score=values,
        cost_usd=np.tile(np.arange(1.0, k + 1) if cost is None else cost, (n, 1)),
        latency_s=np.full((n, k), np.nan),
        observed=~np.isnan(values),
    )


def fitted(policy: P, train: TrainingSet) -> P:
    """The policy, after `fit`."""
    trainable: Any = policy
    trainable.fit(train, np.random.default_rng(0))
    return policy


def decide(
    policy: BasePolicy,
    arms: Sequence[str] = ("a", "b", "c"),
    *,
    costs: Sequence[float] | None = None,
    x: Floats | None = None,
) -> Decision:
    """One decision; arms cost 1, 2, 3 … unless told."""
    given = range(1, len(arms) + 1) if costs is None else costs
    features = np.ones(1) if x is None else x
    return policy.decide(
        context(9, arms=arms, costs=list(given), features=features), DecisionRng(0, "r9")
    )
