"""Fixed, cheapest, best on train and the mixes: what a router must beat."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from gairp.errors import ConfigError, NotFittedError, PolicyError, PriceError
from gairp.policies.best_on_train import BestOnTrain
from gairp.policies.cheapest import Cheapest
from gairp.policies.fixed import Fixed
from gairp.policies.mix_on_train import MixOnTrain
from gairp.policies.mixture import Mixture
from gairp.rewards import Utility
from tests.policies.trained import decide, fitted, training_set

NAN = float("nan")

# -- fixed, cheapest ----------------------------------------------------------------------


def test_fixed_takes_its_arm() -> None:
    decision = decide(Fixed(arm="b"))
    assert (decision.arm, decision.propensity) == ("b", 1.0)
    assert decision.probabilities == (0.0, 1.0, 0.0)
    assert decision.scores is None


def test_fixed_says_what_there_is_instead() -> None:
    with pytest.raises(PolicyError, match=r"r9: .* always takes 'z', .* there are: a, b, c"):
        decide(Fixed(arm="z"))


@pytest.mark.parametrize(
    ("costs", "arm"),
    [
        ([3.0, 2.0, 1.0], "c"),
        ([1.0, 2.0, 1.0], "a"),
        ([NAN, 2.0, 3.0], "b"),
        ([NAN, NAN, 3.0], "c"),
        ([0.0, 0.0, 0.0], "a"),
    ],
)
def test_cheapest_goes_by_expected_cost_then_name(costs: list[float], arm: str) -> None:
    assert decide(Cheapest(), costs=costs).arm == arm


def test_cheapest_needs_a_price() -> None:
    with pytest.raises(PriceError, match="r9: none of a, b has an expected cost"):
        decide(Cheapest(), "ab", costs=[NAN, NAN])


# -- best on train ------------------------------------------------------------------------

#: Mean scores 0.5, 0.6 over two rows, 0.7 over one.
PARTLY = [[0.4, 0.8, NAN], [0.6, NAN, 0.7], [0.5, 0.4, NAN]]


def test_best_on_train_goes_by_the_observed_means() -> None:
    decision = decide(fitted(BestOnTrain(), training_set(PARTLY)))
    assert decision.scores == pytest.approx((0.5, 0.6, 0.7), abs=1e-15)
    assert decision.arm == "c"


def test_best_on_train_counts_the_cost() -> None:
    train = training_set(PARTLY, cost=[1e-4, 3e-4, 5e-4])
    decision = decide(fitted(BestOnTrain(utility=Utility(cost_weight=0.6)), train))
    assert decision.scores == pytest.approx((0.44, 0.42, 0.4), abs=1e-15)
    assert decision.arm == "a"


def test_best_on_train_among_the_candidates() -> None:
    policy = fitted(BestOnTrain(), training_set(PARTLY))
    assert decide(policy, ("z", "b", "a")).arm == "b"
    assert decide(policy, ("y", "z"), costs=[2.0, 1.0]).arm == "z"


def test_an_arm_without_a_training_outcome_is_not_preferred() -> None:
    train = training_set([[0.1, NAN], [0.2, NAN]], arms="ab")
    assert decide(fitted(BestOnTrain(), train), "ab").arm == "a"


def test_training_needs_prices_where_cost_counts() -> None:
    train = training_set(PARTLY, cost=[1.0, NAN, 1.0])
    with pytest.raises(PriceError, match=r"cost of arm 'b' on training row 0 .*2 such cells"):
        fitted(BestOnTrain(utility=Utility(cost_ceiling=9.0)), train)
    with pytest.raises(PolicyError, match="latency of arm 'a' on training row 0"):
        fitted(BestOnTrain(utility=Utility(latency_weight=1.0)), train)
    assert decide(fitted(BestOnTrain(), train)).arm == "c"


def test_training_needs_outcomes() -> None:
    with pytest.raises(PolicyError, match="no outcome was observed on these 1 training rows"):
        fitted(BestOnTrain(), training_set([[NAN, NAN, NAN]]))


# -- mixtures -----------------------------------------------------------------------------


def test_a_mixture_is_renormalised_over_the_candidates() -> None:
    policy = Mixture(weights={"a": 1, "b": 2, "c": 5})
    assert decide(policy).probabilities == (0.125, 0.25, 0.625)
    assert decide(policy, "abz").probabilities == pytest.approx((1 / 3, 2 / 3, 0.0), abs=1e-15)


def test_a_mixture_without_its_arms_refuses() -> None:
    with pytest.raises(PolicyError, match=r"no candidate \(y, z\) is in the mix"):
        decide(Mixture(weights={"a": 1.0}), "yz")


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": NAN}])
def test_a_mixture_needs_weights(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"mixture\.weights"):
        Mixture(weights=weights)


#: Mean scores and costs by arm; b lies below the line from a to c, d above c is dearer and worse.
SCORES = [[0.2, 0.3, 0.8, 0.75], [0.4, 0.4, 0.8, 0.85]]
COSTS = [1.0, 2.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("target", "mix"),
    [
        (1.0, {"a": 1.0}),
        (1.5, {"a": 0.75, "c": 0.25}),
        (2.0, {"a": 0.5, "c": 0.5}),
        (3.0, {"c": 1.0}),
        (9.0, {"c": 1.0}),
    ],
)
def test_a_mix_on_train_lies_on_the_hull(target: float, mix: dict[str, float]) -> None:
    train = training_set(SCORES, arms="abcd", cost=COSTS)
    assert fitted(MixOnTrain(target_cost_usd=target), train).mix == pytest.approx(mix, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_no_mix_of_all_arms_is_better(seed: int) -> None:
    """Against the linear programme over all probabilities."""
    rng = np.random.default_rng(seed)
    score, cost = rng.random((20, 6)), rng.uniform(1.0, 2.0, 6)
    target = float(rng.uniform(cost.min(), cost.max()))
    arms = tuple("abcdef")
    mix = fitted(
        MixOnTrain(target_cost_usd=target), training_set(score, arms=arms, cost=list(cost))
    ).mix
    p = np.array([mix.get(arm, 0.0) for arm in arms])
    best = linprog(-score.mean(axis=0), A_ub=[cost], b_ub=[target], A_eq=[np.ones(6)], b_eq=[1.0])
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert p @ cost <= target + 1e-12
    assert p @ score.mean(axis=0) == pytest.approx(-best.fun, abs=1e-9)


def test_a_mix_on_train_by_share() -> None:
    policy = fitted(MixOnTrain(share=0.3), training_set(SCORES, arms="abcd", cost=COSTS))
    # c and d are as good; c is the cheaper one.
    assert policy.mix == pytest.approx({"a": 0.7, "c": 0.3}, abs=1e-15)
    assert decide(policy, "abcd").probabilities == pytest.approx((0.7, 0.0, 0.3, 0.0), abs=1e-15)
    assert decide(policy, "bcd").probabilities == (0.0, 1.0, 0.0)


def test_a_mix_of_one_arm() -> None:
    train = training_set([[0.9, 0.1]], arms="ab")
    assert fitted(MixOnTrain(), train).mix == {"a": 1.0}


def test_a_mix_on_train_refuses() -> None:
    with pytest.raises(NotFittedError, match="must be fitted"):
        decide(MixOnTrain())
    with pytest.raises(PolicyError, match="the cheapest is 'a' at 1 USD"):
        fitted(MixOnTrain(target_cost_usd=0.5), training_set(SCORES, arms="abcd", cost=COSTS))
    with pytest.raises(PriceError, match="cost of arm 'b'"):
        fitted(MixOnTrain(), training_set([[1.0, 1.0]], arms="ab", cost=[1.0, NAN]))
    with pytest.raises(ConfigError, match=r"share is 1\.5"):
        MixOnTrain(share=1.5)
