"""A hard cap on what one request may cost."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from gairp.errors import ConfigError, OverBudgetError
from gairp.policies.base import BasePolicy
from gairp.policies.candidates import keep, widened
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class RequestCap(PolicyWrapper):
    """Any policy, over the candidates whose maximal cost is within the cap.

    The cap is the lower of `cap_usd` and the context's budget's; null leaves the latter alone. A
    candidate of unknown maximal cost is not within any cap. `decide` raises OverBudgetError where
    none is within it: the router then refuses the request.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        cap_usd: float | None = None,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        if cap_usd is not None and not cap_usd > 0:
            raise ConfigError(f"request_cap.cap_usd is {cap_usd}; give USD above 0, or null")
        super().__init__(policy=policy, utility=utility, name=name)
        self.cap_usd = cap_usd

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide among what it may cost."""
        budget = context.budget
        cap = min(
            math.inf if self.cap_usd is None else self.cap_usd,
            math.inf if budget is None else budget.cap_per_request_usd,
        )
        k = len(context.candidates)
        columns = list(range(k))
        if cap < math.inf:
            columns = np.flatnonzero(context.max_cost <= cap).tolist()
            if not columns and k:
                raise OverBudgetError(
                    f"request {context.request_id}: no candidate costs at most {cap:.6g} USD; the "
                    f"least is {float(np.nanmin(context.max_cost, initial=math.inf)):.6g}; raise "
                    "the cap, bound the output (max_tokens), or add a cheaper arm"
                )
        inner = self.policy.decide(keep(context, columns), rng)
        return widened(msgspec.structs.replace(inner, policy=self.name), columns, k)
