"""The one place where a request becomes decisions, calls and an outcome.

The router does no I/O. `route` is a generator: it yields each `Call` that must be made and is
sent the `Response`. The event heap of the replay drives it in virtual time; a live runner or a
gateway drives the same code with asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec

from gairp.protocols import Clock, Policy
from gairp.rng import DecisionRng
from gairp.routing.joiner import FeedbackJoiner
from gairp.types import Attempt, Context, Decision, Outcome, Request, Response


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Please ask this arm."""

    request: Request
    decision: Decision


def recorded_cost(decision: Decision, response: Response) -> float:
    """USD of a call as its source recorded it; NaN where it did not."""
    return response.cost_usd


class Router:
    """Decides, awaits the responses, bills them, and hands the outcome on."""

    def __init__(
        self,
        *,
        policy: Policy,
        seed: int,
        clock: Clock,
        joiner: FeedbackJoiner,
        bill: Callable[[Decision, Response], float] = recorded_cost,
    ) -> None:
        self.policy, self.seed, self.clock, self.joiner, self.bill = (
            policy,
            seed,
            clock,
            joiner,
            bill,
        )

    def route(self, request: Request, context: Context) -> Generator[Call, Response, Outcome]:
        """Run one request to its outcome; a cascade makes several calls."""
        decision = self.policy.decide(context, DecisionRng(self.seed, request.id))
        attempts: tuple[Attempt, ...] = ()
        while True:
            response = yield Call(request=request, decision=decision)
            cost = self.bill(decision, response)
            attempts += (Attempt(decision=decision, response=response, cost_usd=cost),)
            rng = DecisionRng(self.seed, request.id, len(attempts))
            following = self.policy.next_decision(context, attempts, rng)
            if following is None:
                break
            decision = following
        now = self.clock.now()
        outcome = Outcome(
            request_id=request.id,
            attempts=attempts,
            total_cost_usd=cost if len(attempts) == 1 else sum(a.cost_usd for a in attempts),
            latency_s=sum([a.response.latency_s for a in attempts]),
            completed_at=now,
        )
        self.policy.observe(context, decision, outcome)
        self.joiner.expect(context, decision, outcome)
        return outcome
