"""A hard cap on what one request may cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from gairp.errors import ConfigError, OverBudgetError
from gairp.policies.base import BasePolicy
from gairp.policies.candidates import keep, widened
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision


class RequestCap(PolicyWrapper):
    """Any policy, over the candidates whose maximal cost is within the cap.

    The cap is the lower of `cap_usd` and the context's budget's; null leaves the latter alone. A
    candidate of unknown maximal cost is not within any cap. `decide` raises OverBudgetError where
    none is within it: the router then refuses the request. All attempts of a cascade together are
    within the cap.
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
        columns = self._within(context, 0.0)
        k = len(context.candidates)
        if not columns and k:
            raise OverBudgetError(
                f"request {context.request_id}: no candidate costs at most "
                f"{self._cap(context):.6g} USD; the least is "
                f"{float(np.nanmin(context.max_cost, initial=math.inf)):.6g}; raise the cap, bound "
                "the output (max_tokens), or add a cheaper arm"
            )
        inner = self.policy.decide(keep(context, columns), rng)
        return widened(msgspec.structs.replace(inner, policy=self.name), columns, k)

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """The inner policy's, among what is within the cap together with the attempts so far.

        These count at their maximal cost a call, not at what they came to cost: whether a cascade
        goes on does not hang on how long an answer happened to be.
        """
        columns = self._within(context, sum(_most(context, attempt) for attempt in attempts))
        if not columns:
            return None
        inner = self.policy.next_decision(keep(context, columns), attempts, rng)
        if inner is None:
            return None
        inner = msgspec.structs.replace(inner, policy=self.name)
        return widened(inner, columns, len(context.candidates))

    def _cap(self, context: Context) -> float:
        budget = context.budget
        return min(
            math.inf if self.cap_usd is None else self.cap_usd,
            math.inf if budget is None else budget.cap_per_request_usd,
        )

    def _within(self, context: Context, held_usd: float) -> list[int]:
        cap = self._cap(context)
        if cap == math.inf:
            return list(range(len(context.candidates)))
        return [int(i) for i in np.flatnonzero(context.max_cost <= cap - held_usd)]


def _most(context: Context, attempt: Attempt) -> float:
    """What an attempt's calls may have cost at most; no bound for an arm that is no candidate."""
    arm = attempt.decision.arm
    if arm not in context.candidates:
        return math.inf
    return attempt.calls * float(context.max_cost[context.candidates.index(arm)])
