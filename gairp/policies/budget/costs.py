"""What a request would cost on each arm, learned from the calls that were made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.ridge_arms import RidgeArms
from gairp.types import Context, TrainingSet

Floats = NDArray[np.float64]


class CostModel(Protocol):
    """Expected cost of each candidate, from the request's features."""

    def expected(self, context: Context) -> Floats:
        """USD [k]; the context's own where nothing is known."""

    def learn(self, arm: str, features: Floats, cost_usd: float) -> None:
        """What one call cost."""

    def fit(self, train: TrainingSet) -> None:
        """Learn every observed cell of recorded outcomes."""

    def fresh(self) -> Self:
        """An untrained model of the same parameters."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class RidgeCosts:
    """log cost = θ_a·x by ridge regression, one an arm; its exponential, scaled to the true mean.

    The scale Σ cost / Σ exp(prediction) undoes what the exponential of a mean lacks: Duan's
    smearing (1983) as a ratio. An arm counts from its `minimum`-th call; until then the context's
    expected cost stands.

    ridge: the penalty on |θ|².
    """

    def __init__(self, *, ridge: float = 1.0, minimum: int = 20) -> None:
        if not 0 < ridge < math.inf or minimum < 1:
            raise ConfigError(
                f"ridge_costs needs ridge > 0 and minimum >= 1; got {ridge} and {minimum}"
            )
        self.ridge, self.minimum = float(ridge), int(minimum)
        self._ridge = RidgeArms(self.ridge)
        self._paid: dict[str, list[float]] = {}  # arm -> calls, Σ cost, Σ exp(prediction)

    def expected(self, context: Context) -> Floats:
        """USD [k]."""
        logs, _ = self._ridge.predict(context.features, context.candidates)
        cost = context.expected_cost.copy()
        for i, arm in enumerate(context.candidates):
            calls, paid, predicted = self._paid.get(arm, _NOTHING)
            if calls >= self.minimum:
                cost[i] = math.exp(min(logs[i], 50.0)) * paid / predicted
        return cost

    def learn(self, arm: str, features: Floats, cost_usd: float) -> None:
        """What one call cost; a call that cost nothing has no logarithm, and is left out."""
        if not cost_usd > 0:
            return
        self._ridge.update(arm, features, math.log(cost_usd))
        mean, _ = self._ridge.predict(features, (arm,))
        sums = self._paid.setdefault(arm, [0.0, 0.0, 0.0])
        sums[0] += 1.0
        sums[1] += cost_usd
        sums[2] += math.exp(min(mean[0], 50.0))

    def fit(self, train: TrainingSet) -> None:
        """Learn every observed cell."""
        for row, arm in np.argwhere(train.observed):
            self.learn(train.arms[arm], train.features[row], float(train.cost_usd[row, arm]))

    def fresh(self) -> RidgeCosts:
        """An untrained model of the same parameters."""
        return RidgeCosts(ridge=self.ridge, minimum=self.minimum)

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {"ridge": self._ridge.state(), "paid": self._paid}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._ridge.restore(state["ridge"])
        self._paid = {arm: [float(v) for v in sums] for arm, sums in state["paid"].items()}


_NOTHING = (0.0, 0.0, 1.0)
