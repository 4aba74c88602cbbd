"""A long and a short memory: trust against its closed form, and what it does after a change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.policies.short_memory import ShortMemory, Switching
from gairp.policies.two_memories import TwoMemories
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, Feedback, Outcome, Response

SWITCHING = Switching(away=0.001, back=0.03, memory=5.0, spread=0.05)


def test_trust_nears_its_home_with_the_rewards_of_others() -> None:
    short = ShortMemory(touched=10, trust=0.2)
    home = 0.03 / 0.031
    assert SWITCHING.drifted(short, 10) == pytest.approx(0.2)
    assert SWITCHING.drifted(short, 11) == pytest.approx(0.2 * 0.999 + 0.8 * 0.03)
    assert SWITCHING.drifted(short, 1000) == pytest.approx(home)


def test_one_reward_moves_trust_by_bayes() -> None:
    short = ShortMemory(touched=99, trust=0.9, count=50, mean=0.7, short_error=0.01,
                        long_error=0.04)  # fmt: skip
    SWITCHING.learn(short, reward=0.72, expected=0.9, clock=100)

    def density(miss: float, variance: float) -> float:
        return math.exp(-(miss**2) / (2 * variance)) / math.sqrt(variance)

    before = 0.9 * 0.999 + 0.1 * 0.03
    long, recent = density(0.72 - 0.9, 0.04), density(0.02, 0.01)
    trust = before * long / (before * long + (1 - before) * recent)
    assert short.trust == pytest.approx(trust)
    assert short.mean == pytest.approx(0.7 + 0.02 / 5)
    assert short.short_error == pytest.approx(0.01 + (0.02**2 - 0.01) / 20)
    assert short.long_error == pytest.approx(0.04 + trust / 36 * (0.18**2 - 0.04))
    assert (short.count, short.touched) == (51, 100)


def _context(number: int) -> Context:
    x = np.array([1.0, math.sin(number)])
    return Context(
        request_id=str(number), features=x, candidates=("good", "plain"),
        expected_cost=np.ones(2), max_cost=np.ones(2),
    )  # fmt: skip


def _teach(policy: TwoMemories, number: int, arm: str, quality: float) -> None:
    context = _context(number)
    decision = policy.decide(context, DecisionRng(0, str(number)))
    response = Response(model=arm, finish_reason="stop", cost_usd=1.0, latency_s=0.0)
    decision = Decision(
        id=decision.id, request_id=str(number), kind="primary", arm=arm, propensity=1.0,
        probabilities=decision.probabilities, policy="", state_version=0,
    )  # fmt: skip
    attempts = (Attempt(decision=decision, response=response, cost_usd=1.0),)
    outcome = Outcome(request_id=str(number), attempts=attempts, total_cost_usd=1.0,
                      completed_at=0.0, latency_s=0.0)  # fmt: skip
    policy.learn(context, decision, outcome, Feedback(decision_id=decision.id, quality=quality))


def test_a_regression_shows_soon_and_a_recovery_is_found_without_random_exploration() -> None:
    policy = TwoMemories(ridge=1.0)
    rng = np.random.default_rng(3)
    for i in range(200):
        noise = rng.normal(scale=0.05)
        good = 0.9 + 0.05 * math.sin(i) + noise
        _teach(policy, i, *(("good", good) if i % 2 else ("plain", 0.7 + noise)))
    assert policy.trust("good") > 0.9

    def live(numbers: range, level: float) -> list[int]:
        taken = []
        for i in numbers:
            arm = policy.decide(_context(i), DecisionRng(0, str(i))).arm
            good = level + 0.05 * math.sin(i) + rng.normal(scale=0.05)
            _teach(policy, i, arm, good if arm == "good" else 0.7)
            taken.append(i if arm == "good" else -1)
        return [i for i in taken if i >= 0]

    tried = live(range(200, 400), 0.5)
    assert 3 <= len(tried) <= 25  # left within a few rewards, then looked at now and then
    assert policy.trust("good") < 0.9
    again = live(range(400, 600), 0.9)
    assert len(again) > 150
    assert policy.trust("good") > 0.9


@pytest.mark.parametrize(
    "wrong", [{"alpha": -1.0}, {"ridge": 0.0}, {"memory": 0.5}, {"back": 0.0}, {"leak": 0.0},
              {"away": 0.6, "back": 0.5}, {"spread": 0.0}],
)  # fmt: skip
def test_refuses_settings_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="two_memories needs"):
        TwoMemories(**wrong)
