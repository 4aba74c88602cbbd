"""The router decides, bills and hands on, and does no I/O of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gairp.clock import VirtualClock
from gairp.policies.fixed import Fixed
from gairp.rng import DecisionRng
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.router import Router
from gairp.routing.steps import Call
from gairp.types import Attempt, Context, Decision, Outcome, Request, Response

COST = np.array([0.001, 0.01])
CONTEXT = Context(
    request_id="r",
    features=np.ones(1),
    candidates=("small", "large"),
    expected_cost=COST,
    max_cost=COST,
)


class Escalate(Fixed):
    """Asks the small model first, then the large one."""

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        if len(attempts) == 2:
            return None
        return Decision(
            id="r/1",
            request_id="r",
            arm="large",
            propensity=1.0,
            probabilities=(0.0, 1.0),
            policy=self.name,
            state_version=0,
            kind="escalation",
            attempt=1,
        )


def drive(router: Router, latencies: dict[str, float]) -> Outcome:
    route = router.route(Request(id="r"), CONTEXT)
    call = next(route)
    while True:
        assert isinstance(call, Call)
        arm = call.decision.arm
        response = Response(
            model=arm, latency_s=latencies[arm], cost_usd=float(COST[call.decision.attempt])
        )
        try:
            call = route.send(response)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome


def router(policy: Fixed) -> Router:
    return Router(policy=policy, seed=0, clock=VirtualClock(5.0), joiner=FeedbackJoiner(policy))


def test_one_call_makes_an_outcome() -> None:
    outcome = drive(router(Fixed(arm="small")), {"small": 0.3})
    assert [a.decision.arm for a in outcome.attempts] == ["small"]
    assert outcome.total_cost_usd == pytest.approx(0.001)
    assert (outcome.latency_s, outcome.completed_at) == (0.3, 5.0)


def test_a_cascade_pays_and_waits_for_every_attempt() -> None:
    outcome = drive(router(Escalate(arm="small")), {"small": 0.3, "large": 1.0})
    assert [a.decision.kind for a in outcome.attempts] == ["primary", "escalation"]
    assert outcome.total_cost_usd == pytest.approx(0.011)
    assert outcome.latency_s == pytest.approx(1.3)


def test_the_outcome_waits_for_feedback() -> None:
    policy = Fixed(arm="small")
    made = router(policy)
    drive(made, {"small": 0.3})
    assert made.joiner is not None
    assert len(made.joiner) == 1
