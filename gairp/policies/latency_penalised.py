"""A policy that is charged for the time that an answer would take now."""

from __future__ import annotations

import msgspec

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.budget.priced import priced
from gairp.policies.load import expected_latency
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class LatencyPenalised(PolicyWrapper):
    """Any policy, each candidate charged `weight` · its expected latency, queue included.

    weight: utility a second.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        weight: float = 0.05,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, utility=utility, name=name)
        if not weight >= 0:
            raise ConfigError(f"latency_penalised.weight is {weight}; give utility a second from 0")
        self.weight = float(weight)

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide, charged for time."""
        inner = msgspec.structs.replace(self.policy.decide(context, rng), policy=self.name)
        charge = self.weight * expected_latency(context)
        return priced(inner, charge, context, rng, takes_best=self.takes_best)
