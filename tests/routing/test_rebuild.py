"""A learner rebuilt from its log is the learner that wrote it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from gairp.clock import VirtualClock
from gairp.errors import DataError
from gairp.policies.linucb import LinUCB
from gairp.records.events import Called, Event, Learned
from gairp.routing.event_log import EventLog
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.rebuild import Rebuilder, context_of
from gairp.routing.router import Router
from gairp.routing.steps import Call
from gairp.types import Budget, Context, Failure, Feedback, Load, Request, Response

ARMS = ("a", "b")


def context(name: str, rng: np.random.Generator) -> Context:
    return Context(
        request_id=name,
        features=rng.normal(size=3),
        candidates=ARMS,
        expected_cost=rng.random(2),
        max_cost=np.array([1.0, np.nan]),
        now=float(rng.random()),
        load=Load(in_flight=np.ones(2), queued=np.zeros(2), recent_latency_s=np.array([np.nan, 2])),
        budget=Budget(left_usd=1.5, total_usd=2.0, horizon_left=0.5),
    )


def served(events: list[Event], *, requests: int = 30) -> LinUCB:
    """A LinUCB that served, failed and learned, late and out of order."""
    rng = np.random.default_rng(0)
    policy = LinUCB()
    log = EventLog(learner="linucb", sink=events, now=lambda: 1.0)
    joiner = FeedbackJoiner(policy, log=log)
    router = Router(
        policy=policy, seed=3, clock=VirtualClock(), joiner=joiner, log=log, fallbacks=1
    )
    waiting: list[str] = []
    for i in range(requests):
        route = router.route(Request(id=f"r{i}"), context(f"r{i}", rng))
        step = next(route)
        try:
            while True:
                assert isinstance(step, Call)
                failure = Failure(kind="server", message="x") if rng.random() < 0.2 else None
                step = route.send(
                    Response(
                        model="m", latency_s=rng.random(), cost_usd=rng.random(), error=failure
                    )
                )
        except StopIteration as stop:
            waiting.append(stop.value.attempts[-1].decision.id)
        if i % 3 == 2:
            joiner.deliver(Feedback(decision_id=waiting.pop(0), quality=float(rng.random())))
    return policy


def rebuilt(events: list[Event]) -> Rebuilder:
    policy = LinUCB()
    rebuilder = Rebuilder(policy=policy, joiner=FeedbackJoiner(policy))
    for event in events:
        rebuilder.feed(event)
    return rebuilder


def test_the_state_is_the_same_to_the_last_bit() -> None:
    events: list[Event] = []
    policy = served(events)
    again = rebuilt(events)
    assert policy.state_version > 10
    assert again.policy.save() == policy.save()


def test_what_waits_for_feedback_still_does() -> None:
    events: list[Event] = []
    served(events)
    again = rebuilt(events)
    learned = {event.decision_id for event in events if isinstance(event, Learned)}
    assert len(again.joiner) == len(again.observed) - len(learned)
    assert len(again.joiner) > 5


def test_a_context_comes_back_whole() -> None:
    events: list[Event] = []
    served(events, requests=1)
    original = context("r0", _after_seed())
    found = context_of(events[0])  # type: ignore[arg-type]
    for name in ("features", "expected_cost", "max_cost"):
        np.testing.assert_array_equal(getattr(found, name), getattr(original, name))
    assert found.load is not None
    assert original.load is not None
    np.testing.assert_array_equal(found.load.recent_latency_s, original.load.recent_latency_s)
    assert found.budget == original.budget
    assert (found.now, found.candidates) == (original.now, original.candidates)


def test_an_intent_without_a_settlement_stays_open() -> None:
    events: list[Event] = []
    served(events, requests=2)
    last = max(i for i, event in enumerate(events) if isinstance(event, Called))
    assert list(rebuilt(events[: last + 1]).open_calls) == [events[last].call_id]  # type: ignore[union-attr]


def test_feedback_of_a_decision_that_the_log_lacks_is_an_error() -> None:
    events: list[Event] = []
    served(events, requests=3)
    stray = next(event for event in events if isinstance(event, Learned))
    with pytest.raises(DataError, match="which it has not observed"):
        rebuilt([*events, msgspec.structs.replace(stray, decision_id="never/0")])


def _after_seed() -> np.random.Generator:
    return np.random.default_rng(0)
