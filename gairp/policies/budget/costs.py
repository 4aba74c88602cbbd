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

    def learn(self, arm: str, features: Floats, cost_usd: float, *, expected_usd: float) -> None:
        """What one call cost, and what the context had said it would."""

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
    relative: predict the ratio to what the context expects, so that an announced price counts from
        the first request on; else a new price is learned from bills.
    """

    def __init__(self, *, ridge: float = 1.0, minimum: int = 20, relative: bool = False) -> None:
        if not 0 < ridge < math.inf or minimum < 1:
            raise ConfigError(
                f"ridge_costs needs ridge > 0 and minimum >= 1; got {ridge} and {minimum}"
            )
        self.ridge, self.minimum, self.relative = float(ridge), int(minimum), relative
        self._ridge = RidgeArms(self.ridge)
        self._paid: dict[str, list[float]] = {}  # arm -> calls, Σ cost, Σ exp(prediction)

    def expected(self, context: Context) -> Floats:
        """USD [k]."""
        logs, _ = self._ridge.predict(context.features, context.candidates)
        cost = context.expected_cost.copy()
        for i, arm in enumerate(context.candidates):
            calls, paid, predicted = self._paid.get(arm, _NOTHING)
            if calls >= self.minimum:
                unit = cost[i] if self.relative else 1.0
                cost[i] = unit * math.exp(min(logs[i], 50.0)) * paid / predicted
        return cost

    def learn(self, arm: str, features: Floats, cost_usd: float, *, expected_usd: float) -> None:
        """What one call cost; a call that cost nothing has no logarithm, and is left out."""
        unit = expected_usd if self.relative else 1.0
        if not (cost_usd > 0 and unit > 0):
            return
        amount = cost_usd / unit
        self._ridge.update(arm, features, math.log(amount))
        mean, _ = self._ridge.predict(features, (arm,))
        sums = self._paid.setdefault(arm, [0.0, 0.0, 0.0])
        sums[0] += 1.0
        sums[1] += amount
        sums[2] += math.exp(min(mean[0], 50.0))

    def fit(self, train: TrainingSet) -> None:
        """Learn every observed cell; an arm's mean is what was expected of it."""
        usual = np.nanmean(np.where(train.observed, train.cost_usd, np.nan), axis=0)
        for row, arm in np.argwhere(train.observed):
            cost = float(train.cost_usd[row, arm])
            self.learn(train.arms[arm], train.features[row], cost, expected_usd=float(usual[arm]))

    def fresh(self) -> RidgeCosts:
        """An untrained model of the same parameters."""
        return RidgeCosts(ridge=self.ridge, minimum=self.minimum, relative=self.relative)

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {"ridge": self._ridge.state(), "paid": self._paid}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._ridge.restore(state["ridge"])
        self._paid = {arm: [float(v) for v in sums] for arm, sums in state["paid"].items()}


_NOTHING = (0.0, 0.0, 1.0)
