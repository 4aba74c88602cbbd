"""A mean cost to be kept, without an end."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from gairp.errors import ConfigError, PriceError
from gairp.policies.base import BasePolicy, State
from gairp.policies.budget.dual import DualPrice
from gairp.policies.budget.priced import priced
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Outcome


class TargetCost(PolicyWrapper):
    """Any policy, each candidate charged μ · its expected cost over the target.

    μ is a `DualPrice` of the realised costs, so that their mean nears the target where the inner
    policy would spend more. Scores are taken to be in utility, or the inner policy to draw; μ's
    unit is then utility per target.

    target_usd: mean cost a request. step: how fast μ moves. ceiling: of μ.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        target_usd: float | None = None,
        step: float = 0.01,
        ceiling: float = 1e4,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, utility=utility, name=name)
        if target_usd is not None and not 0 < target_usd < math.inf:
            raise ConfigError(f"target_cost.target_usd is {target_usd}; give USD above 0, or null")
        self.target_usd, self.step, self.ceiling = target_usd, float(step), float(ceiling)
        self._price = DualPrice(step=self.step, ceiling=self.ceiling)

    @property
    def price(self) -> float:
        """μ, utility per target."""
        return self._price.value

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide, charged for cost; PriceError where one is unknown."""
        inner = msgspec.structs.replace(self.policy.decide(context, rng), policy=self.name)
        if self.target_usd is None:
            return inner
        charge = self._price.value * context.expected_cost / self.target_usd
        if not np.isfinite(charge).all():
            raise PriceError(
                f"request {context.request_id}: a candidate has no expected cost: "
                f"{dict(zip(context.candidates, context.expected_cost.tolist(), strict=True))}; "
                "price every arm"
            )
        return priced(inner, charge, context, rng, takes_best=self.takes_best)

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """Move μ by what the request cost."""
        self.policy.observe(context, decision, outcome)
        if self.target_usd is not None and math.isfinite(outcome.total_cost_usd):
            self._price.move(outcome.total_cost_usd, self.target_usd)

    def _state(self) -> State:
        return {"policy": self.policy.save(), "price": self._price.value}

    def _restore(self, state: State) -> None:
        self.policy.load(state["policy"])
        self._price.value = float(state["price"])
