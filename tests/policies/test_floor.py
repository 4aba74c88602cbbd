"""The exploration floor: exact propensities, and an inner policy that notices nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from scipy.stats import chisquare

from gairp.errors import ConfigError
from gairp.policies.best_on_train import BestOnTrain
from gairp.policies.fixed import Fixed
from gairp.policies.floor import ExplorationFloor
from gairp.policies.linucb import LinUCB
from gairp.policies.mixture import Mixture
from gairp.policies.random import Random
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision
from tests.contracts.policy_world import ARMS, context, probe, run
from tests.policies.trained import decide, fitted, training_set


def test_probabilities_are_mixed_with_the_uniform_ones() -> None:
    policy = ExplorationFloor(policy=Mixture(weights={"a": 1, "b": 3}), floor=0.2)
    decision = decide(policy, "abcd")
    assert decision.probabilities == pytest.approx((0.25, 0.65, 0.05, 0.05), abs=1e-15)
    assert decision.propensity == decision.probabilities["abcd".index(decision.arm)]
    assert decision.policy == "Mixture_floor"


@pytest.mark.parametrize("floor", [0.05, 0.4, 1.0])
def test_arms_come_up_as_often_as_logged(floor: float) -> None:
    policy = ExplorationFloor(policy=Fixed(arm="small"), floor=floor)
    n = 4000
    decisions = [policy.decide(context(i), DecisionRng(3, f"r{i}")) for i in range(n)]
    expected = [floor / 4 + (1 - floor) * (arm == "small") for arm in ARMS]
    chosen = Counter(decision.arm for decision in decisions)
    assert all(d.probabilities == pytest.approx(expected, abs=1e-15) for d in decisions)
    assert chisquare([chosen[arm] for arm in ARMS], [n * p for p in expected]).pvalue > 1e-3


def test_the_draw_is_independent_of_the_inner_one() -> None:
    """With the same uniform number, an arm would come up by p' only where p did not choose it."""
    inner, n = Random(), 4000
    policy = ExplorationFloor(policy=inner, floor=0.5)
    pairs = Counter(
        (
            policy.decide(context(i), DecisionRng(3, f"r{i}")).arm,
            inner.decide(context(i), DecisionRng(3, f"r{i}")).arm,
        )
        for i in range(n)
    )
    assert chisquare([pairs[one, two] for one in ARMS for two in ARMS]).pvalue > 1e-3


def test_scores_and_updates_are_the_inner_policys() -> None:
    policy = ExplorationFloor(policy=LinUCB(), floor=0.3)
    assert (policy.learns, policy.reads_features, policy.restorable) == (True, True, True)
    run(policy, range(50))
    assert (policy.state_version, policy.policy.state_version) == (50, 50)
    for outer, inner in zip(probe(policy), probe(policy.policy), strict=True):
        assert outer.scores == inner.scores
        assert outer.state_version == 50
        assert outer.probabilities[ARMS.index(inner.arm)] == pytest.approx(0.775, abs=1e-15)


def test_the_utility_is_the_inner_policys() -> None:
    utility, other = Utility(cost_weight=1.0), Utility(cost_weight=2.0)
    inner = LinUCB(utility=utility)
    policy = ExplorationFloor(policy=inner)
    assert policy.utility is utility
    assert ExplorationFloor(policy=inner, utility=other).policy.utility is other
    policy.utility = utility
    assert inner.utility is utility


def test_it_is_fitted_where_the_inner_policy_is() -> None:
    policy = ExplorationFloor(policy=BestOnTrain(), floor=0.3)
    assert isinstance(policy, Trainable)
    assert not isinstance(ExplorationFloor(policy=LinUCB()), Trainable)
    twin = policy.clone()
    fitted(policy, training_set([[0.1, 0.9, 0.2]]))
    assert decide(policy).probabilities == pytest.approx((0.1, 0.8, 0.1), abs=1e-15)
    # A clone fits itself, not the policy that it was cloned from.
    fitted(twin, training_set([[0.9, 0.1, 0.2]]))
    assert decide(twin).probabilities == pytest.approx((0.8, 0.1, 0.1), abs=1e-15)
    assert decide(policy).probabilities == pytest.approx((0.1, 0.8, 0.1), abs=1e-15)


def test_parameters_fresh_and_names() -> None:
    policy = ExplorationFloor(policy=LinUCB(alpha=0.5, name="lin"), floor=0.1)
    assert policy.name == "lin_floor"
    assert policy.parameters().keys() == {"policy", "floor", "utility", "name"}
    run(policy, range(20))
    fresh = policy.fresh()
    assert (fresh.state_version, fresh.floor, fresh.name) == (0, 0.1, "lin_floor")
    assert isinstance(fresh.policy, LinUCB)
    assert fresh.policy.alpha == 0.5
    assert policy.state_version == 20


def test_a_state_goes_into_another_floor_of_the_same_policy() -> None:
    policy = ExplorationFloor(policy=LinUCB(), floor=0.1)
    run(policy, range(30))
    restored = ExplorationFloor(policy=LinUCB(), floor=0.1)
    restored.load(policy.save())
    assert restored.state_version == 30
    assert run(restored, range(30, 90)) == run(policy, range(30, 90))


class Cascade(Fixed):
    """Asks the first candidate again."""

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        first = attempts[-1].decision
        return None if len(attempts) > 1 else msgspec.structs.replace(first, kind="escalation")


def test_later_attempts_pass_through() -> None:
    policy = ExplorationFloor(policy=Cascade(arm="tiny"), name="outer")
    at = context(1)
    first = policy.decide(at, DecisionRng(0, "r1"))
    attempt = Attempt(decision=first, response=None, cost_usd=0.0)  # type: ignore[arg-type]
    second = policy.next_decision(at, [attempt], DecisionRng(0, "r1", 1))
    assert second is not None
    assert (second.kind, second.policy, second.propensity) == (
        "escalation",
        "outer",
        first.propensity,
    )
    assert policy.next_decision(at, [attempt, attempt], DecisionRng(0, "r1", 2)) is None


@pytest.mark.parametrize("floor", [-0.1, 1.1, np.nan])
def test_a_floor_is_a_share(floor: float) -> None:
    with pytest.raises(ConfigError, match="floor is"):
        ExplorationFloor(policy=Random(), floor=floor)
