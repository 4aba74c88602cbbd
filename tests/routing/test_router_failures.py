"""Retries wait, fallbacks are decisions of their own, and a failed arm is learned as worthless."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from gairp.clock import VirtualClock
from gairp.policies.epsilon_greedy import EpsilonGreedy
from gairp.policies.random import Random
from gairp.records.events import Called, Decided, Event, Learned, Observed, Settled
from gairp.rng import DecisionRng
from gairp.routing.event_log import EventLog
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.router import Router
from gairp.routing.steps import Call, Wait
from gairp.types import Context, Failure, FailureKind, Outcome, Request, Response

COST = np.array([0.001, 0.01, 0.1])
CONTEXT = Context(
    request_id="r",
    features=np.ones(1),
    candidates=("a", "b", "c"),
    expected_cost=COST,
    max_cost=COST,
)
Answer = Callable[[Call], Response]


class Journal(list[Event]):
    """A sink that is a list."""


class TwoCalls:
    """One retry, after a second."""

    def __init__(self) -> None:
        self.decisions = 0

    def started(self) -> None:
        self.decisions += 1

    def delay(self, failure: Failure, calls_made: int, uniform: float) -> float | None:
        return 1.0 if failure.retryable and calls_made < 2 else None


def failing(*arms: str, kind: FailureKind = "server") -> Answer:
    """Answers that fail on these arms."""

    def answer(call: Call) -> Response:
        arm = call.decision.arm
        failure = Failure(kind=kind, message="down") if arm in arms else None
        return Response(model=arm, latency_s=0.5, cost_usd=0.25, error=failure)

    return answer


class Drive:
    """A router with its log, driven by a function."""

    def __init__(self, *, fallbacks: int = 2, retry: TwoCalls | None = None) -> None:
        self.policy = EpsilonGreedy(epsilon=0.3)
        self.events = Journal()
        log = EventLog(learner="l", sink=self.events, now=lambda: 7.0)
        self.joiner = FeedbackJoiner(self.policy, log=log)
        self.router = Router(
            policy=self.policy,
            seed=0,
            clock=VirtualClock(3.0),
            joiner=self.joiner,
            retry=retry,
            log=log,
            fallbacks=fallbacks,
        )
        self.waits: list[float] = []

    def run(self, answer: Answer, name: str = "r") -> Outcome:
        context = msgspec.structs.replace(CONTEXT, request_id=name)
        route = self.router.route(Request(id=name), context)
        step = next(route)
        while True:
            reply = None
            if isinstance(step, Wait):
                self.waits.append(step.seconds)
            else:
                reply = answer(step)
            try:
                step = route.send(reply)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def test_a_fallback_is_drawn_among_the_other_arms_with_its_own_propensity() -> None:
    drive = Drive()
    first = drive.router.policy.decide(CONTEXT, _rng("r", 0)).arm
    outcome = drive.run(failing(first))
    assert [a.decision.kind for a in outcome.attempts] == ["primary", "fallback"]
    assert [a.decision.id for a in outcome.attempts] == ["r/0", "r/1"]
    second = outcome.attempts[1].decision
    assert second.arm != first
    logged = drive.of(Decided)[1]
    assert isinstance(logged, Decided)
    assert logged.candidates == tuple(arm for arm in CONTEXT.candidates if arm != first)
    assert len(second.probabilities) == 2
    assert second.propensity == second.probabilities[logged.candidates.index(second.arm)]
    assert outcome.total_cost_usd == 0.5
    assert outcome.latency_s == 1.0


def test_the_failed_arm_is_learned_as_quality_0_and_the_other_is_still_expected() -> None:
    drive = Drive()
    first = drive.router.policy.decide(CONTEXT, _rng("r", 0)).arm
    drive.run(failing(first))
    learned = drive.of(Learned)
    assert [(e.decision_id, e.quality, e.source) for e in learned if isinstance(e, Learned)] == [
        ("r/0", 0.0, "failure")
    ]
    assert drive.policy.state_version == 1
    assert len(drive.joiner) == 1


def test_each_decision_is_observed_with_its_own_attempts_alone() -> None:
    drive = Drive()
    first = drive.router.policy.decide(CONTEXT, _rng("r", 0)).arm
    drive.run(failing(first))
    observed = [e for e in drive.events if isinstance(e, Observed)]
    assert [[a.decision_id for a in e.attempts] for e in observed] == [["r/0"], ["r/1"]]
    assert [a.call_id for e in observed for a in e.attempts] == ["r/0.0", "r/1.0"]
    assert [e.total_cost_usd for e in observed] == [0.25, 0.25]


def test_when_every_arm_fails_the_last_failure_is_the_outcome() -> None:
    drive = Drive()
    outcome = drive.run(failing("a", "b", "c"))
    assert len(outcome.attempts) == 3
    assert sorted(a.decision.arm for a in outcome.attempts) == ["a", "b", "c"]
    assert outcome.attempts[-1].response.error == Failure(kind="server", message="down")
    assert [e.quality for e in drive.events if isinstance(e, Learned)] == [0.0, 0.0, 0.0]


def test_fallbacks_are_bounded() -> None:
    assert len(Drive(fallbacks=0).run(failing("a", "b", "c")).attempts) == 1
    assert len(Drive(fallbacks=1).run(failing("a", "b", "c")).attempts) == 2


@pytest.mark.parametrize("kind", ["bad_request", "not_recorded", "cancelled"])
def test_what_every_arm_would_meet_ends_the_request_unlearned(kind: FailureKind) -> None:
    drive = Drive()
    outcome = drive.run(failing("a", "b", "c", kind=kind))
    assert len(outcome.attempts) == 1
    assert drive.of(Learned) == []


@pytest.mark.parametrize("kind", ["auth", "not_found", "forbidden"])
def test_a_wrong_setting_falls_back_but_says_nothing_of_the_arm(kind: FailureKind) -> None:
    drive = Drive()
    assert len(drive.run(failing("a", "b", "c", kind=kind)).attempts) == 3
    assert drive.of(Learned) == []


def test_a_retry_waits_and_pays_under_the_same_decision() -> None:
    drive = Drive(retry=TwoCalls())
    answers = iter([failing("a", "b", "c"), failing()])
    outcome = drive.run(lambda call: next(answers)(call))
    assert drive.waits == [1.0]
    assert len(outcome.attempts) == 1
    assert outcome.attempts[0].calls == 2
    assert outcome.total_cost_usd == 0.5
    assert outcome.latency_s == pytest.approx(0.5 + 1.0)
    called = [e.call_id for e in drive.events if isinstance(e, Called)]
    assert called == ["r/0.0", "r/0.1"]


def test_a_failure_that_stays_is_not_retried() -> None:
    drive = Drive(retry=TwoCalls(), fallbacks=0)
    outcome = drive.run(failing("a", "b", "c", kind="context_overflow"))
    assert (outcome.attempts[0].calls, drive.waits) == (1, [])


def test_the_log_tells_in_order_intent_before_call_and_settlement_before_observation() -> None:
    drive = Drive()
    drive.run(failing())
    assert drive.kinds() == ["Decided", "Called", "Settled", "Observed"]


def test_an_abandoned_call_is_settled_as_unknown() -> None:
    drive = Drive()
    route = drive.router.route(Request(id="r"), CONTEXT)
    next(route)
    route.close()
    settled = drive.events[-1]
    assert isinstance(settled, Settled)
    assert settled.billing == "unknown"
    assert settled.error is not None
    assert settled.error.kind == "cancelled"


def test_a_shadow_is_asked_and_never_learned_or_observed() -> None:
    drive = Drive()
    shadow = drive.router.shadow(Request(id="r"), CONTEXT, "c", 1)
    step = next(shadow)
    assert isinstance(step, Call)
    with pytest.raises(StopIteration) as stop:
        shadow.send(failing()(step))
    assert stop.value.value.decision.kind == "shadow"
    assert stop.value.value.response.model == "c"
    assert drive.kinds() == ["Decided", "Called", "Settled"]
    assert len(drive.joiner) == 0


def test_a_gate_that_leaves_no_candidate_refuses_the_request() -> None:
    class Shut:
        def narrow(self, request: Request, context: Context, tried: frozenset[str]) -> Context:
            return msgspec.structs.replace(context, candidates=())

        def reserve(self, call: Call) -> bool:
            raise AssertionError("nothing to reserve")

        def settle(self, call: Call, response: Response, cost_usd: float) -> float:
            raise AssertionError("nothing to settle")

        def abandon(self, call: Call) -> None:
            raise AssertionError("nothing to abandon")

    policy = Random()
    router = Router(
        policy=policy, seed=0, clock=VirtualClock(3.0), joiner=FeedbackJoiner(policy), gate=Shut()
    )
    with pytest.raises(StopIteration) as stop:
        next(router.route(Request(id="r"), CONTEXT))
    outcome = stop.value.value
    assert outcome.refused
    assert outcome.attempts == ()
    assert math.isclose(outcome.total_cost_usd, 0.0)


def _rng(request_id: str, attempt: int) -> DecisionRng:
    return DecisionRng(0, request_id, attempt)
