"""What the base promises for every policy: drawing, ties, and the way to and from bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.errors import FeatureError, PolicyError, StateError
from gairp.policies.base import (
    BasePolicy,
    Floats,
    GreedyPolicy,
    best,
    check_features,
    draw,
    one_hot,
)
from gairp.policies.linucb import LinUCB
from gairp.policies.random import Random
from gairp.policies.state import pack, unpack
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision
from tests.contracts.policy_world import ARMS, context, feedback, outcome

weights = st.lists(st.one_of(st.just(0.0), st.floats(1e-12, 1e3)), min_size=1, max_size=20).filter(
    any
)
uniforms = st.floats(0.0, 1.0, exclude_max=True)
scores = st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, np.inf]), min_size=1, max_size=8)
costs = st.sampled_from([np.nan, 0.0, 1e-4, 2e-4, np.inf])


class Told(BasePolicy):
    """Takes its probabilities from the features."""

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        return context.features, None


class ToldScores(GreedyPolicy):
    """Takes its scores from the features."""

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        return context.features


class Counter(BasePolicy):
    """Sums its rewards, and starts from a policy of another kind."""

    learns = True

    def __init__(
        self,
        *,
        start: float = 0.0,
        inner: BasePolicy | None = None,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        self.start, self.inner = start, inner
        self.total = start

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        return np.full(len(context.candidates), 1.0 / len(context.candidates)), None

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self.total += reward

    def _state(self) -> Mapping[str, Any]:
        return {"total": self.total}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.total = float(state["total"])


def some_context(cost: list[float]) -> Context:
    names = tuple(f"arm{9 - i}" for i in range(len(cost)))
    return context(0, arms=names, costs=cost, features=np.ones(1))


# -- draw ---------------------------------------------------------------------------------


@settings(deadline=None)
@given(weights, uniforms)
def test_draw_takes_the_arm_that_the_uniform_number_falls_on(
    raw: list[float], uniform: float
) -> None:
    p = np.array(raw) / np.sum(raw)
    index = draw(p, uniform)
    below, above = p[:index].sum(), p[: index + 1].sum()
    assert p[index] > 0.0
    assert below - 1e-12 <= uniform <= above + 1e-12


@settings(deadline=None, max_examples=30)
@given(weights)
def test_draw_reaches_every_arm_by_its_probability(raw: list[float]) -> None:
    """Over a fine grid of uniform numbers, each arm gets the share that it was given."""
    p = np.array(raw) / np.sum(raw)
    grid = (np.arange(400) + 0.5) / 400
    share = np.bincount([draw(p, u) for u in grid.tolist()], minlength=len(p)) / 400
    assert share == pytest.approx(p, abs=1.0 / 400)


def test_draw_survives_rounding() -> None:
    p = np.full(10, 0.1)
    p[-1] = 0.0
    p[0] += 0.1
    assert p.cumsum()[-1] != 1.0
    assert draw(p, np.nextafter(1.0, 0.0)) == 8
    assert draw(np.array([0.0, 1.0, 0.0]), 0.0) == 1
    assert draw(np.array([1.0, 1e-320]), np.nextafter(1.0, 0.0)) == 0


@pytest.mark.parametrize(
    "p", [[0.5, 0.4], [1.5, -0.5], [np.nan, 1.0], [np.inf, 0.0], [0.0, 0.0], [0.7, 0.7]]
)
def test_draw_refuses_what_are_no_probabilities(p: list[float]) -> None:
    with pytest.raises(PolicyError, match="no probabilities"):
        draw(np.array(p), 0.5)


# -- best ---------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.data())
def test_best_is_the_first_by_score_then_cost_then_name(data: st.DataObject) -> None:
    values = np.array(data.draw(scores))
    at = some_context(data.draw(st.lists(costs, min_size=len(values), max_size=len(values))))
    index = best(values, at)

    def rank(i: int) -> tuple[float, float, str]:
        cost = at.expected_cost[i]
        return (-values[i], np.inf if np.isnan(cost) else cost, at.candidates[i])

    assert index == min(range(len(values)), key=rank)


@settings(deadline=None)
@given(st.data())
def test_best_does_not_depend_on_the_order_of_candidates(data: st.DataObject) -> None:
    values = np.array(data.draw(scores))
    at = some_context(data.draw(st.lists(costs, min_size=len(values), max_size=len(values))))
    order = data.draw(st.permutations(range(len(values))))
    turned = context(
        0,
        arms=[at.candidates[i] for i in order],
        costs=at.expected_cost[order].tolist(),
        features=np.ones(1),
    )
    chosen = turned.candidates[best(values[order], turned)]
    assert chosen == at.candidates[best(values, at)]


def test_best_refuses_a_score_that_is_nan() -> None:
    with pytest.raises(PolicyError, match=r"r0: a score is NaN: \[0.0, nan\]"):
        best(np.array([0.0, np.nan]), some_context([0.0, 0.0]))


def test_one_hot() -> None:
    assert one_hot(3, 1) == (0.0, 1.0, 0.0)
    assert one_hot(1, 0) == (1.0,)
    assert one_hot(3, 1) is one_hot(3, 1)


# -- deciding -----------------------------------------------------------------------------


def test_a_decision_says_what_was_drawn_from() -> None:
    at = context(1, features=np.array([0.1, 0.2, 0.3, 0.4]))
    rng = DecisionRng(0, "r1")
    decision = Told(name="told").decide(at, rng)
    expected = draw(at.features, DecisionRng(0, "r1").random())
    assert decision == Decision(
        id="r1/0",
        request_id="r1",
        arm=ARMS[expected],
        propensity=(0.1, 0.2, 0.3, 0.4)[expected],
        probabilities=(0.1, 0.2, 0.3, 0.4),
        policy="told",
        state_version=0,
    )


def test_probabilities_that_are_none_never_become_a_decision() -> None:
    at = context(1, features=np.array([0.1, 0.2, 0.3, 0.5]))
    with pytest.raises(PolicyError, match="no probabilities"):
        Told().decide(at, DecisionRng(0, "r1"))


def test_a_greedy_decision_is_certain() -> None:
    at = context(1, features=np.array([0.1, 0.7, -np.inf, 0.7]))
    policy = ToldScores()
    decision = policy.decide(at, DecisionRng(0, "r1"))
    assert (decision.arm, decision.propensity) == ("small", 1.0)
    assert decision.probabilities == (0.0, 1.0, 0.0, 0.0)
    assert decision.scores == (0.1, 0.7, -np.inf, 0.7)
    p, _ = policy._distribution(at, DecisionRng(0, "r1"))
    assert p.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_there_is_no_cascade_unless_a_policy_makes_one() -> None:
    assert Random().next_decision(context(1), (), DecisionRng(0, "r1", 1)) is None


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        ([], "there are none"),
        ([1.0, np.nan], "hold a NaN"),
        ([np.inf, -np.inf], "hold a NaN, an infinity"),
        ([0.0, np.inf], "hold a NaN, an infinity"),
    ],
)
def test_features_are_checked(x: list[float], problem: str) -> None:
    with pytest.raises(FeatureError, match=problem):
        check_features(context(0, features=np.array(x)))


# -- learning and state -------------------------------------------------------------------


def test_the_reward_is_the_utility_of_the_whole_outcome() -> None:
    policy = Counter(utility=Utility(cost_weight=0.5, latency_weight=0.1))
    at = context(3)
    decision = policy.decide(at, DecisionRng(0, "r3"))
    policy.learn(at, decision, outcome(at, cost=4e-4, latency=2.0), feedback(decision, 0.9))
    assert policy.total == pytest.approx(0.9 - 0.5 * 0.4 - 0.1 * 2.0, abs=1e-15)
    assert policy.state_version == 1


def test_a_policy_that_does_not_learn_asks_for_no_price() -> None:
    policy = Random(utility=Utility(cost_weight=1.0))
    at = context(3)
    decision = policy.decide(at, DecisionRng(0, "r3"))
    policy.learn(at, decision, outcome(at, cost=np.nan), feedback(decision, 0.9))
    assert policy.state_version == 0


def test_fresh_rebuilds_policies_within() -> None:
    inner = LinUCB(alpha=0.25, name="inner")
    policy = Counter(start=2.0, inner=inner, name="outer")
    policy.total, policy.state_version, inner.state_version = 9.0, 5, 7
    fresh = policy.fresh()
    assert (fresh.total, fresh.state_version, fresh.name, fresh.start) == (2.0, 0, "outer", 2.0)
    assert isinstance(fresh.inner, LinUCB)
    assert fresh.inner is not inner
    assert (fresh.inner.alpha, fresh.inner.name, fresh.inner.state_version) == (0.25, "inner", 0)


def test_a_state_goes_through_bytes() -> None:
    policy = Counter()
    policy.total, policy.state_version = 0.1 + 0.2, 3
    other = Counter()
    other.load(policy.save())
    assert (other.total, other.state_version) == (0.30000000000000004, 3)


def test_a_state_of_another_policy_is_refused() -> None:
    with pytest.raises(StateError, match="of 'Counter', not of 'Random'"):
        Random().load(Counter().save())


def test_a_damaged_state_is_refused() -> None:
    saved = unpack(Counter().save())
    policy = Counter(name="count")
    damages: list[dict[str, Any]] = [
        {"state": {}},
        {"state": {"total": "much"}},
        {"state_version": "x"},
    ]
    for damage in damages:
        with pytest.raises(StateError, match="the saved state of 'count' is damaged"):
            policy.load(pack({**saved, **damage}))
    with pytest.raises(StateError, match="no saved policy state"):
        policy.load(Counter().save()[:-3])


def test_a_policy_that_cannot_be_restored_says_so() -> None:
    policy = Counter(name="count")
    policy.restorable = False
    with pytest.raises(StateError, match="'count' is marked restorable=False"):
        policy.save()
