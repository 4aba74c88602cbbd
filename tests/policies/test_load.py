"""Policies that look at load: their choices and probabilities, by hand."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.latency_penalised import LatencyPenalised
from gairp.policies.least_outstanding import LeastOutstanding
from gairp.policies.linucb import LinUCB
from gairp.policies.load import expected_latency
from gairp.policies.load_slo import LoadSLO
from gairp.policies.random import Random
from gairp.policies.two_choices import TwoChoices
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Load
from tests.contracts.policy_world import context


def loaded(in_flight: list[float], queued: list[float], latency: list[float]) -> Context:
    load = Load(
        in_flight=np.array(in_flight), queued=np.array(queued), recent_latency_s=np.array(latency)
    )
    return msgspec.structs.replace(context(0), load=load)


BUSY = loaded([2.0, 1.0, 0.0, 2.0], [1.0, 0.0, 0.0, 4.0], [0.5, 2.0, np.nan, 1.0])


def decided(policy: BasePolicy, at: Context = BUSY) -> Decision:
    return policy.decide(at, DecisionRng(0, "r0"))


def test_latency_expected_is_that_of_answers_and_the_queue_ahead() -> None:
    assert expected_latency(BUSY).tolist() == [0.75, 2.0, 0.0, 3.0]
    assert expected_latency(context(0)).tolist() == [0.0] * 4


def test_least_outstanding_takes_the_idle_and_of_equals_the_cheapest() -> None:
    assert decided(LeastOutstanding()).arm == "large"
    assert decided(LeastOutstanding(), context(0)).arm == "tiny"


def test_two_choices_have_the_probabilities_of_their_rank() -> None:
    # Outstanding 3, 1, 0, 6: of the six pairs the idle one wins three, the busiest none.
    assert decided(TwoChoices()).probabilities == pytest.approx((1 / 6, 2 / 6, 3 / 6, 0.0))
    assert decided(TwoChoices(), context(0)).probabilities == (0.25,) * 4
    tied = loaded([1.0, 1.0, 3.0, 3.0], [0.0] * 4, [1.0] * 4)
    assert decided(TwoChoices(), tied).probabilities == pytest.approx(
        (2.5 / 6, 2.5 / 6, 0.5 / 6, 0.5 / 6)
    )
    assert decided(TwoChoices(), context(0, arms=("tiny",))).probabilities == (1.0,)


def test_time_is_charged_to_the_score() -> None:
    policy = LatencyPenalised(policy=LinUCB(alpha=0.0), weight=0.1)
    # Nothing is known: all score 0, and the arm that answers at once is left.
    assert decided(policy).arm == "large"
    drawing = LatencyPenalised(policy=Random(), weight=1.0)
    p = np.exp(-expected_latency(BUSY))
    assert decided(drawing).probabilities == pytest.approx(tuple(p / p.sum()))
    with pytest.raises(ConfigError, match="weight is -1"):
        LatencyPenalised(policy=Random(), weight=-1)


def test_an_objective_leaves_those_in_time_or_the_least_busy() -> None:
    policy = LoadSLO(policy=Random(), seconds=1.0)
    assert decided(policy).probabilities == (0.5, 0.0, 0.5, 0.0)
    late = loaded([2.0, 1.0, 1.0, 2.0], [0.0] * 4, [5.0] * 4)
    assert decided(policy, late).probabilities == (
        0.0,
        0.5,
        0.5,
        0.0,
    )
    assert decided(policy, context(0)).probabilities == (0.25,) * 4
