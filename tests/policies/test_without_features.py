"""ε-greedy, UCB1 and the Thompson samplers against what they are defined by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pytest
from scipy.stats import norm

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.best_arm import best_of_betas, best_of_gaussians
from gairp.policies.epsilon_greedy import EpsilonGreedy
from gairp.policies.thompson_beta import ThompsonBeta
from gairp.policies.thompson_gaussian import ThompsonGaussian
from gairp.policies.ucb1 import UCB1
from gairp.rng import DecisionRng
from gairp.types import Decision
from tests.contracts.policy_world import context, feedback, outcome

P = TypeVar("P", bound=BasePolicy)
Pull = tuple[str, float]
PULLS: list[Pull] = [("a", 0.2), ("b", 0.9), ("a", 0.4), ("c", 0.0), ("b", 0.6), ("b", 1.0)]


def taught(policy: P, pulls: Sequence[Pull] = PULLS) -> P:
    for i, (arm, quality) in enumerate(pulls):
        at = context(i, arms=(arm,), costs=[0.0])
        decision = policy.decide(at, DecisionRng(0, at.request_id))
        policy.learn(at, decision, outcome(at, cost=0.0), feedback(decision, quality))
    return policy


def decide(
    policy: BasePolicy, arms: Sequence[str] = "abc", costs: Sequence[float] = (3, 2, 1)
) -> Decision:
    return policy.decide(context(99, arms=arms, costs=costs), DecisionRng(0, "r99"))


# -- ε-greedy -----------------------------------------------------------------------------


def test_epsilon_greedy_goes_by_the_means() -> None:
    decision = decide(taught(EpsilonGreedy(epsilon=0.3)))
    assert decision.scores == pytest.approx((0.3, 2.5 / 3, 0.0), abs=1e-15)
    assert decision.probabilities == pytest.approx((0.1, 0.8, 0.1), abs=1e-15)


def test_epsilon_decays_with_the_rewards() -> None:
    decision = decide(taught(EpsilonGreedy(epsilon=0.9, decay=0.5)))
    epsilon = 0.9 / (1.0 + 0.5 * 6)
    assert decision.probabilities[0] == pytest.approx(epsilon / 3, abs=1e-15)


def test_epsilon_greedy_tries_every_arm_the_cheapest_first() -> None:
    policy = EpsilonGreedy(epsilon=0.0)
    assert decide(policy).probabilities == (0.0, 0.0, 1.0)
    taught(policy, [("c", 0.0)])
    assert decide(policy).probabilities == (0.0, 1.0, 0.0)
    taught(policy, [("b", 0.5), ("a", 0.5)])
    assert decide(policy).probabilities == (0.0, 1.0, 0.0)  # a tie: b costs less than a


def test_all_exploration_is_uniform() -> None:
    assert decide(taught(EpsilonGreedy(epsilon=1.0))).probabilities == pytest.approx((1 / 3,) * 3)


@pytest.mark.parametrize("bad", [{"epsilon": 1.5}, {"epsilon": -0.1}, {"decay": -1.0}])
def test_epsilon_greedy_refuses_bad_parameters(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"epsilon_greedy needs epsilon in \[0, 1\]"):
        EpsilonGreedy(**bad)  # type: ignore[arg-type]


# -- UCB1 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_ucb1_is_the_mean_plus_its_width(scale: float) -> None:
    decision = decide(taught(UCB1(scale=scale)))
    width = [scale * math.sqrt(2 * math.log(6) / n) for n in (2, 3, 1)]
    assert decision.scores == pytest.approx(
        (0.3 + width[0], 2.5 / 3 + width[1], width[2]), abs=1e-14
    )


def test_ucb1_pulls_every_arm_once_the_cheapest_first() -> None:
    policy = UCB1()
    order = []
    for quality in (0.9, 0.1, 0.5):
        order.append(decide(policy).arm)
        taught(policy, [(order[-1], quality)])
    assert order == ["c", "b", "a"]
    assert decide(policy).arm == "c"
    assert decide(policy, ("c", "new", "b"), (1, 9, 1)).arm == "new"


def test_ucb1_refuses_bad_parameters() -> None:
    with pytest.raises(ConfigError, match="ucb1 needs scale >= 0; got -1"):
        UCB1(scale=-1)


# -- Thompson, Beta -----------------------------------------------------------------------


def test_thompson_counts_fractions_of_success() -> None:
    decision = decide(taught(ThompsonBeta(prior_a=2.0, prior_b=3.0)))
    a, b = 2.0 + np.array([0.6, 2.5, 0.0]), 3.0 + np.array([1.4, 0.5, 1.0])
    assert decision.scores == pytest.approx(a / (a + b), abs=1e-14)
    assert decision.probabilities == pytest.approx(best_of_betas(a, b), abs=1e-12)


def test_whole_rewards_give_the_conjugate_posterior() -> None:
    """Seven successes and three failures on Beta(1, 1) are Beta(8, 4): against Beta(1, 1)."""
    policy = taught(ThompsonBeta(), [("a", 1.0)] * 7 + [("a", 0.0)] * 3)
    # P(U < X) = E[X] for U uniform and X ~ Beta(8, 4).
    assert decide(policy, "ab", (1, 1)).probabilities[0] == pytest.approx(8 / 12, abs=1e-8)


def test_thompson_clips_what_lies_outside_its_range() -> None:
    policy = ThompsonBeta(low=-1.0, high=0.5)
    assert [policy._reward(r) for r in (-3.0, -1.0, -0.25, 0.5, 0.9)] == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_thompson_keeps_its_answer_until_it_learns() -> None:
    policy = taught(ThompsonBeta())
    first, _ = policy._distribution(context(1, arms="abc", costs=[0] * 3), DecisionRng(0, "x"))
    again, _ = policy._distribution(context(2, arms="abc", costs=[0] * 3), DecisionRng(0, "y"))
    assert again is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0
    other, _ = policy._distribution(context(3, arms="cba", costs=[0] * 3), DecisionRng(0, "z"))
    assert other[::-1] == pytest.approx(first, abs=1e-12)
    taught(policy, [("a", 1.0)])
    learned, _ = policy._distribution(context(4, arms="abc", costs=[0] * 3), DecisionRng(0, "x"))
    assert learned[0] > first[0]


@pytest.mark.parametrize(
    "bad", [{"prior_a": 0.0}, {"prior_b": -1.0}, {"low": 1.0}, {"high": np.inf}]
)
def test_thompson_refuses_bad_parameters(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="thompson needs"):
        ThompsonBeta(**bad)  # type: ignore[arg-type]


# -- Thompson, Gaussian -------------------------------------------------------------------


def test_thompson_gaussian_has_the_conjugate_posterior() -> None:
    decision = decide(taught(ThompsonGaussian(prior_mean=0.2, prior_sd=0.5, noise_sd=0.3)))
    count, total = np.array([2.0, 3.0, 1.0]), np.array([0.6, 2.5, 0.0])
    precision = 1 / 0.25 + count / 0.09
    mean = (0.2 / 0.25 + total / 0.09) / precision
    assert decision.scores == pytest.approx(mean, abs=1e-14)
    expected = best_of_gaussians(mean, precision**-0.5)
    assert decision.probabilities == pytest.approx(expected, abs=1e-12)


def test_thompson_gaussian_of_two_arms_has_a_closed_form() -> None:
    policy = taught(ThompsonGaussian(prior_mean=0.5, prior_sd=1.0, noise_sd=1.0), [("a", 1.0)] * 3)
    # a: N(0.875, 1/4), b: the prior N(0.5, 1).
    chance = norm.cdf(0.375 / math.sqrt(1.25))
    assert decide(policy, "ab", (1, 1)).probabilities[0] == pytest.approx(chance, abs=1e-8)


@pytest.mark.parametrize("bad", [{"prior_sd": 0.0}, {"noise_sd": -1.0}, {"prior_mean": np.nan}])
def test_thompson_gaussian_refuses_bad_parameters(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="thompson_gaussian needs"):
        ThompsonGaussian(**bad)  # type: ignore[arg-type]
