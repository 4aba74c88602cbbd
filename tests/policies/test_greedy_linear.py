"""Greedy ridge regression against least squares and leave-one-out cross-validation."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from gairp.errors import ConfigError, FeatureError, PriceError
from gairp.policies.greedy_linear import GreedyLinear
from gairp.policies.ridge import fit_ridge
from gairp.rewards import Utility
from gairp.types import TrainingSet
from tests.policies.trained import decide, fitted, training_set

Floats = NDArray[np.float64]
NAN = float("nan")
COST = [1e-4, 2e-4, 4e-4]


def world(n: int = 80, d: int = 6, missing: float = 0.3) -> TrainingSet:
    """Linear scores with noise, some of them unobserved."""
    rng = np.random.default_rng(8)
    features = rng.normal(size=(n, d)) + 0.5
    score = 0.5 + 0.2 * features @ rng.normal(size=(d, 3)) + 0.1 * rng.normal(size=(n, 3))
    score[rng.random(score.shape) < missing] = NAN
    return training_set(score, features=features, cost=COST)


def least_squares(x: Floats, y: Floats, penalty: float, intercept: bool) -> Floats:
    """Ridge as ordinary least squares on rows that say √penalty θ = 0; the intercept last."""
    d = x.shape[1]
    one = np.ones((len(x), 1)) if intercept else np.empty((len(x), 0))
    rows = np.vstack([np.hstack([x, one]), np.sqrt(penalty) * np.eye(d, d + one.shape[1])])
    return np.asarray(np.linalg.lstsq(rows, np.append(y, np.zeros(d)), rcond=None)[0])


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("penalty", [1e-3, 1.0, 50.0])
def test_coefficients_are_those_of_least_squares(penalty: float, intercept: bool) -> None:
    train = world()
    policy = fitted(GreedyLinear(ridge=penalty, fit_intercept=intercept), train)
    queries = np.random.default_rng(9).normal(size=(10, 6))
    for arm in range(3):
        rows = train.observed[:, arm]
        theta = least_squares(train.features[rows], train.score[rows, arm], penalty, intercept)
        expected = queries @ theta[:6] + (theta[6] if intercept else 0.0)
        assert policy.estimates(queries)[:, arm] == pytest.approx(expected, abs=1e-9)
    assert policy.penalties == {"a": penalty, "b": penalty, "c": penalty}
    for x, estimate in zip(queries, policy.estimates(queries), strict=True):
        decision = decide(policy, x=x)
        assert decision.scores == pytest.approx(estimate, abs=1e-12)
        assert decision.arm == "abc"[int(estimate.argmax())]


def test_more_features_than_rows() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(7, 20)), rng.random((7, 1))
    theta, bias, _ = fit_ridge(x, y, np.ones((7, 1), bool), penalty=0.1, intercept=True)
    expected = least_squares(x, y[:, 0], 0.1, True)
    assert np.append(theta[0], bias) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
def test_cross_validation_minimises_its_error(intercept: bool) -> None:
    """n |(I - H) y|² / tr(I - H)², with the hat matrix H written out."""
    train = world(n=30)
    _, _, chosen = fit_ridge(
        train.features, train.score, train.observed, penalty=None, intercept=intercept
    )

    def error(arm: int, penalty: float) -> float:
        rows = train.observed[:, arm]
        x, y = train.features[rows], train.score[rows, arm]
        n = len(y)
        centre = np.eye(n) - (np.full((n, n), 1.0 / n) if intercept else 0.0)
        z = centre @ x
        hat = z @ np.linalg.solve(z.T @ z + penalty * np.eye(6), z.T) + (np.eye(n) - centre)
        left = np.eye(n) - hat
        return float(n * np.sum((left @ y) ** 2) / np.trace(left) ** 2)

    for arm in range(3):
        best = error(arm, chosen[arm])
        step = 10.0**0.25
        assert best <= error(arm, chosen[arm] * step)
        assert best <= error(arm, chosen[arm] / step)


def test_cross_validation_knows_noise_from_signal() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 10))
    y = np.stack([x[:, 0], rng.normal(size=200)], axis=1)
    theta, _, chosen = fit_ridge(x, y, np.ones(y.shape, bool), penalty=None, intercept=True)
    assert chosen[0] < 1e-2 < 1e2 < chosen[1]
    assert theta[0] == pytest.approx(np.eye(10)[0], abs=1e-4)
    assert np.abs(theta[1]).max() < 0.1


def test_features_that_say_nothing_leave_the_mean() -> None:
    policy = fitted(GreedyLinear(), training_set([[0.2, 0.4, 0.9], [0.4, 0.4, 0.1]]))
    assert decide(policy).scores == pytest.approx((0.3, 0.4, 0.5), abs=1e-15)


def test_utility_is_regressed_as_a_whole() -> None:
    train = world()
    dear = fitted(GreedyLinear(ridge=1.0, utility=Utility(cost_weight=0.5)), train)
    free = fitted(GreedyLinear(ridge=1.0), train)
    x = train.features[0]
    expected = np.array(decide(free, x=x).scores) - 500.0 * np.array(COST)
    assert decide(dear, x=x).scores == pytest.approx(expected, abs=1e-12)


def test_quality_takes_the_prices_of_the_day() -> None:
    """Nothing is fitted anew when prices or weights change."""
    train = world()
    policy = fitted(GreedyLinear(predict="quality", utility=Utility(cost_weight=0.5)), train)
    quality = policy.estimates(train.features[:1])[0]
    x = train.features[0]
    today = decide(policy, x=x, costs=COST)
    assert today.scores == pytest.approx(quality - 500.0 * np.array(COST), abs=1e-12)
    dearer = decide(policy, x=x, costs=[2 * c for c in COST])
    assert dearer.scores == pytest.approx(quality - 1000.0 * np.array(COST), abs=1e-12)
    policy.utility = Utility()
    assert decide(policy, x=x, costs=[NAN] * 3).scores == pytest.approx(quality, abs=1e-12)


def test_quality_takes_latency_from_training() -> None:
    latency = np.tile([1.0, 2.0, 3.0], (80, 1))
    train = msgspec.structs.replace(world(), latency_s=latency)
    policy = fitted(GreedyLinear(predict="quality", utility=Utility(latency_weight=0.1)), train)
    quality = policy.estimates(train.features[:1])[0]
    scores = decide(policy, x=train.features[0]).scores
    assert scores == pytest.approx(quality - [0.1, 0.2, 0.3], abs=1e-12)


def test_quality_needs_prices_of_the_arms_it_knows() -> None:
    policy = fitted(GreedyLinear(predict="quality", utility=Utility(cost_weight=1.0)), world())
    x = np.ones(6)
    with pytest.raises(PriceError, match=r"r9: a candidate has no expected cost: .*'b': nan"):
        decide(policy, "ab", costs=[1.0, NAN], x=x)
    decision = decide(policy, "za", costs=[NAN, 1.0], x=x)
    assert decision.arm == "a"
    assert decision.scores is not None
    assert decision.scores[0] == -np.inf


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="there are: utility, quality"):
        GreedyLinear(predict="cost")  # type: ignore[arg-type]
    for ridge in (0.0, -1.0, NAN, "cv"):
        with pytest.raises(ConfigError, match="ridge is"):
            GreedyLinear(ridge=ridge)  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="fitted on 6 features and is given 2"):
        decide(fitted(GreedyLinear(), world()), x=np.ones(2))
