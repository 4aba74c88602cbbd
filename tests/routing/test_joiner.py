"""Feedback finds its decision once, however late, and never twice."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.policies.linucb import LinUCB
from gairp.rng import DecisionRng
from gairp.routing.joiner import FeedbackJoiner
from gairp.types import Context, Decision, Feedback, Outcome

ARMS = ("a", "b")


def completed(policy: LinUCB, name: str) -> tuple[Context, Decision, Outcome]:
    cost = np.array([1.0, 2.0])
    context = Context(
        request_id=name,
        features=np.array([1.0, 0.5]),
        candidates=ARMS,
        expected_cost=cost,
        max_cost=cost,
    )
    decision = policy.decide(context, DecisionRng(0, name))
    outcome = Outcome(
        request_id=name, attempts=(), total_cost_usd=0.0, latency_s=0.0, completed_at=0.0
    )
    return context, decision, outcome


def test_feedback_out_of_order_reaches_its_own_decision() -> None:
    policy = LinUCB()
    joiner = FeedbackJoiner(policy)
    for name in ("r1", "r2", "r3"):
        joiner.expect(*completed(policy, name))
    assert [joiner.deliver(Feedback(decision_id=f"{r}/0", quality=1.0)) for r in ("r3", "r1")] == [
        True,
        True,
    ]
    assert policy.state_version == 2
    assert len(joiner) == 1


def test_a_duplicate_is_dropped_and_changes_nothing() -> None:
    policy = LinUCB()
    joiner = FeedbackJoiner(policy)
    joiner.expect(*completed(policy, "r1"))
    assert joiner.deliver(Feedback(decision_id="r1/0", quality=1.0))
    before = policy.save()
    assert not joiner.deliver(Feedback(decision_id="r1/0", quality=0.0))
    assert policy.save() == before
    assert joiner.dropped == 1


def test_unknown_feedback_is_dropped() -> None:
    joiner = FeedbackJoiner(LinUCB())
    assert not joiner.deliver(Feedback(decision_id="never/0", quality=1.0))


def test_the_oldest_gives_way_at_capacity() -> None:
    policy = LinUCB()
    joiner = FeedbackJoiner(policy, capacity=2)
    for name in ("r1", "r2", "r3"):
        joiner.expect(*completed(policy, name))
    assert (len(joiner), joiner.expired) == (2, 1)
    assert not joiner.deliver(Feedback(decision_id="r1/0", quality=1.0))
    assert joiner.deliver(Feedback(decision_id="r3/0", quality=1.0))


def test_capacity_must_be_positive() -> None:
    with pytest.raises(ConfigError, match=r"feedback\.capacity is 0"):
        FeedbackJoiner(LinUCB(), capacity=0)
