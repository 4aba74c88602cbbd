"""A latency objective, kept by looking at the queues."""

from __future__ import annotations

import msgspec
import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.candidates import keep, widened
from gairp.policies.load import expected_latency, outstanding
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class LoadSLO(PolicyWrapper):
    """Any policy, among the candidates that would answer within `seconds` as they stand.

    Where none would, all compete that have the fewest calls under way.

    seconds: the objective, queue included.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        seconds: float = 2.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, utility=utility, name=name)
        if not seconds > 0:
            raise ConfigError(f"load_slo.seconds is {seconds}; give seconds above 0")
        self.seconds = float(seconds)

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Ask the inner policy about those in time; the others have probability 0."""
        if context.load is None:
            return msgspec.structs.replace(self.policy.decide(context, rng), policy=self.name)
        able = expected_latency(context) <= self.seconds
        if not able.any():
            busy = outstanding(context)
            able = busy == busy.min()
        columns = np.flatnonzero(able).tolist()
        inner = self.policy.decide(keep(context, columns), rng)
        inner = msgspec.structs.replace(inner, policy=self.name)
        return widened(inner, columns, len(context.candidates))
