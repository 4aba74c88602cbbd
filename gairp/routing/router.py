"""The one place where a request becomes decisions, calls and an outcome.

The router does no I/O. `route` is a generator: it yields each `Call` that must be made and is
sent the `Response`, and each `Wait` that must pass. The event heap of the replay drives it in
virtual time; the live runner and the gateway drive the same code with asyncio.

    decide ─ call ─ (wait ─ call)* ─ answered ─ escalate? ─ observe
       ▲                              │
       └───────── fall back ◄─────── failed
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from typing import Protocol

import msgspec

from gairp.errors import OverBudgetError
from gairp.policies.candidates import keep
from gairp.protocols import Clock, Policy
from gairp.rng import DecisionRng
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.steps import Call, Step, Wait
from gairp.types import (
    Attempt,
    Context,
    Decision,
    Failure,
    Feedback,
    Outcome,
    Request,
    Response,
)

__all__ = ["Call", "Router", "Step", "Wait", "recorded_cost"]

#: Failures that another arm would meet as well, or that are nobody's: no fallback.
_FINAL = frozenset({"not_recorded", "bad_request", "cancelled"})
#: Failures that say nothing of how well an arm answers: never learned from.
_NOT_THE_ARM = _FINAL | {"auth", "forbidden", "not_found", "unavailable"}


class Gate(Protocol):
    """Says which arms may be asked now, and holds the money for it."""

    def narrow(self, request: Request, context: Context, tried: frozenset[str]) -> Context:
        """The context of the candidates that are able, affordable, in order and not yet tried."""

    def reserve(self, call: Call) -> bool:
        """Hold what the call may cost at most; False where that is too much by now."""

    def settle(self, call: Call, response: Response, cost_usd: float) -> float:
        """The call has ended; the cost, or where that is unknown what must be assumed."""

    def abandon(self, call: Call) -> None:
        """Nobody waits for this call any more; what it cost is unknown."""


class Retries(Protocol):
    """Says whether a failed call is made again, and when."""

    def started(self) -> None:
        """A decision's first call is about to be made."""

    def delay(self, failure: Failure, calls_made: int, uniform: float) -> float | None:
        """Seconds until the next call of the same decision; None to give up."""


class RouteLog(Protocol):
    """Is told of everything in the order in which it happens, before it takes effect."""

    def decided(self, request: Request, context: Context, decision: Decision) -> None: ...

    def called(self, call: Call) -> None: ...

    def settled(self, call: Call, response: Response, cost_usd: float) -> None: ...

    def observed(self, decision: Decision, outcome: Outcome) -> None: ...


def recorded_cost(decision: Decision, response: Response) -> float:
    """USD of a call as its source recorded it; NaN where it did not."""
    return response.cost_usd


class Router:
    """Decides, awaits the responses, bills them, and hands the outcome on.

    Without a `joiner` the policy is a copy: outcomes are logged, and whoever reads the log teaches
    the original. Without `retry`, `gate` and `fallbacks` a failed call ends the request. An arm
    that failed is learned as quality 0, and a fallback is a decision of its own among the arms that
    are left, with its own propensity.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        seed: int,
        clock: Clock,
        joiner: FeedbackJoiner | None,
        bill: Callable[[Decision, Response], float] = recorded_cost,
        retry: Retries | None = None,
        gate: Gate | None = None,
        log: RouteLog | None = None,
        fallbacks: int = 0,
    ) -> None:
        self.policy, self.seed, self.clock, self.joiner, self.bill = (
            policy,
            seed,
            clock,
            joiner,
            bill,
        )
        self.retry, self.gate, self.log, self.fallbacks = retry, gate, log, fallbacks

    def led_by(self, policy: Policy) -> Router:
        """The same router with another policy in charge of deciding; for one request."""
        led = copy.copy(self)
        led.policy = policy
        return led

    def route(
        self, request: Request, context: Context
    ) -> Generator[Step, Response | None, Outcome]:
        """Run one request to its outcome; it is refused where no candidate is left to ask.

        A policy refuses by raising OverBudgetError.
        """
        done: tuple[Attempt, ...] = ()  # of decisions that failed and were followed by another
        waited = lost = 0.0  # for the decision at hand, and for those before it
        narrowed = context if self.gate is None else self.gate.narrow(request, context, _NONE)
        if not narrowed.candidates:
            return self._outcome(request, (), 0.0, refused=True)
        try:
            decision = self._decide(request, narrowed, 0)
        except OverBudgetError:
            return self._outcome(request, (), 0.0, refused=True)
        chain: tuple[Attempt, ...] = ()
        while True:
            attempt, pause = yield from self._ask(request, decision)
            chain += (attempt,)
            waited += pause
            error = attempt.response.error
            if error is not None and self._may_fall_back(error, done + chain):
                tried = frozenset(a.decision.arm for a in done + chain)
                following = self._fallback(request, context, tried, len(done + chain))
                if following is not None:
                    self._close(request, narrowed, chain, waited)
                    done, chain, lost, waited = done + chain, (), lost + waited, 0.0
                    narrowed, decision = following
                    continue
            elif error is None:
                escalation = self._escalate(request, narrowed, done + chain)
                if escalation is not None:
                    decision = escalation
                    continue
            break
        outcome = self._close(request, narrowed, chain, waited)
        return outcome if not done else self._outcome(request, done + chain, lost + waited)

    def shadow(
        self, request: Request, context: Context, arm: str, number: int
    ) -> Generator[Step, Response | None, Attempt | None]:
        """Ask one more arm beside the answer, once; never learned from. None where refused."""
        decision = Decision(
            id=f"{request.id}/shadow{number}",
            request_id=request.id,
            arm=arm,
            propensity=1.0,
            probabilities=tuple(float(name == arm) for name in context.candidates),
            policy=self.policy.name,
            state_version=self.policy.state_version,
            kind="shadow",
            attempt=number,
            reason="shadow: asked beside the answer, never learned from",
        )
        if self.log is not None:
            self.log.decided(request, context, decision)
        attempt, _ = yield from self._ask(request, decision)
        return None if attempt.calls == 0 else attempt

    # -- deciding -------------------------------------------------------------------------

    def _decide(self, request: Request, context: Context, attempt: int) -> Decision:
        decision = self.policy.decide(context, DecisionRng(self.seed, request.id, attempt))
        if attempt:
            decision = msgspec.structs.replace(
                decision, id=f"{request.id}/{attempt}", attempt=attempt, kind="fallback"
            )
        if self.log is not None:
            self.log.decided(request, context, decision)
        return decision

    def _escalate(
        self, request: Request, context: Context, attempts: tuple[Attempt, ...]
    ) -> Decision | None:
        rng = DecisionRng(self.seed, request.id, len(attempts))
        decision = self.policy.next_decision(context, attempts, rng)
        if decision is not None and self.log is not None:
            self.log.decided(request, context, decision)
        return decision

    def _may_fall_back(self, error: Failure, attempts: tuple[Attempt, ...]) -> bool:
        return error.kind not in _FINAL and len(attempts) <= self.fallbacks

    def _fallback(
        self, request: Request, context: Context, tried: frozenset[str], attempt: int
    ) -> tuple[Context, Decision] | None:
        left = without(context, tried)
        if self.gate is not None:
            left = self.gate.narrow(request, left, tried)
        if not left.candidates:
            return None
        left = msgspec.structs.replace(left, now=self.clock.now())
        try:
            return left, self._decide(request, left, attempt)
        except OverBudgetError:
            return None

    # -- calling --------------------------------------------------------------------------

    def _ask(
        self, request: Request, decision: Decision
    ) -> Generator[Step, Response | None, tuple[Attempt, float]]:
        """All calls of one decision, and the seconds waited between them."""
        total, calls, waited = 0.0, 0, 0.0
        response = _UNAFFORDABLE
        rng: DecisionRng | None = None  # for the time until a retry
        if self.retry is not None:
            self.retry.started()
        while True:
            call = Call(
                request=request, decision=decision, number=calls, id=f"{decision.id}.{calls}"
            )
            if self.gate is not None and not self.gate.reserve(call):
                break
            if self.log is not None:
                self.log.called(call)
            try:
                answered = yield call
            except GeneratorExit:
                self._abandon(call)
                raise
            assert answered is not None, "a Call is answered with a Response"
            cost = self._settle(call, answered)
            response, calls, total = answered, calls + 1, total + cost if calls else cost
            if response.error is None or self.retry is None:
                break
            rng = rng or DecisionRng(self.seed, decision.id, -1)
            pause = self.retry.delay(response.error, calls, rng.random())
            if pause is None:
                break
            yield Wait(seconds=pause)
            waited += pause
        return Attempt(decision=decision, response=response, cost_usd=total, calls=calls), waited

    def _abandon(self, call: Call) -> None:
        if self.gate is not None:
            self.gate.abandon(call)
        if self.log is not None:
            self.log.settled(call, _ABANDONED, 0.0)

    def _settle(self, call: Call, response: Response) -> float:
        cost = self.bill(call.decision, response)
        if self.gate is not None:
            cost = self.gate.settle(call, response, cost)
        if self.log is not None:
            self.log.settled(call, response, cost)
        return cost

    # -- ending ---------------------------------------------------------------------------

    def _close(
        self, request: Request, context: Context, chain: tuple[Attempt, ...], waited: float
    ) -> Outcome:
        """Tell the policy how a decision ended; a failure is all the quality it will get."""
        outcome = self._outcome(request, chain, waited)
        decision = chain[-1].decision
        if self.log is not None:
            self.log.observed(decision, outcome)
        if self.joiner is None:
            return outcome
        self.policy.observe(context, decision, outcome)
        self.joiner.expect(context, decision, outcome)
        if chain[-1].response.error is not None:
            lesson = lesson_of(outcome)
            if lesson is not None:
                self.joiner.deliver(lesson)
        return outcome

    def _outcome(
        self,
        request: Request,
        attempts: tuple[Attempt, ...],
        waited: float,
        *,
        refused: bool = False,
    ) -> Outcome:
        if len(attempts) == 1:
            attempt = attempts[0]
            cost_usd, response = attempt.cost_usd, attempt.response
            latency_s = response.latency_s + response.queue_s + waited
        else:
            cost_usd = sum([a.cost_usd for a in attempts])
            latency_s = sum([a.response.latency_s + a.response.queue_s for a in attempts]) + waited
        return Outcome(
            request_id=request.id,
            attempts=attempts,
            total_cost_usd=cost_usd,
            latency_s=latency_s,
            completed_at=self.clock.now(),
            refused=refused,
        )


_NONE: frozenset[str] = frozenset()
_UNAFFORDABLE = Response(
    model="",
    finish_reason="",
    latency_s=0.0,
    error=Failure(
        kind="unavailable",
        message="the run's ceiling leaves too little for this call; raise live.ceiling",
    ),
)
_ABANDONED = Response(
    model="",
    finish_reason="",
    error=Failure(
        kind="cancelled",
        message="nobody waited for the answer any more; what it cost is unknown",
        billing_unknown=True,
    ),
)


def lesson_of(outcome: Outcome) -> Feedback | None:
    """What is learned of an outcome at once: an arm that failed is worth nothing."""
    last = outcome.attempts[-1]
    error = last.response.error
    if error is None or error.kind in _NOT_THE_ARM:
        return None
    return Feedback(
        decision_id=last.decision.id, quality=0.0, source="failure",
        received_at=outcome.completed_at,
    )  # fmt: skip


def without(context: Context, arms: frozenset[str]) -> Context:
    """The context of the other candidates."""
    return keep(context, [i for i, arm in enumerate(context.candidates) if arm not in arms])
