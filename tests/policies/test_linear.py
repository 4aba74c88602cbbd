"""LinUCB and LinTS against the ridge regression that they keep up."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from gairp.errors import ConfigError, FeatureError
from gairp.policies.base import BasePolicy
from gairp.policies.lin_ts import LinTS
from gairp.policies.linucb import LinUCB
from gairp.policies.ridge_arms import RidgeArms
from gairp.rng import DecisionRng
from gairp.types import Decision
from tests.contracts.policy_world import context, feedback, outcome

Floats = NDArray[np.float64]
ARMS = ("a", "b", "c")
D = 6


def taught(policy: BasePolicy, n: int = 300) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Teach a policy n random rewards of random arms; returns features, arms and rewards."""
    rng = np.random.default_rng(8)
    x, arms = rng.normal(size=(n, D)), rng.integers(0, len(ARMS), n)
    reward = rng.random(n)
    for i in range(n):
        at = context(i, arms=ARMS, costs=[0.0] * 3, features=x[i])
        decision = decided(ARMS[arms[i]])
        policy.learn(at, decision, outcome(at, cost=0.0), feedback(decision, float(reward[i])))
    return x, arms, reward


def decided(arm: str) -> Decision:
    return Decision(
        id=f"{arm}/0",
        request_id=arm,
        arm=arm,
        propensity=1.0,
        probabilities=(1.0,),
        policy="test",
        state_version=0,
    )


def closed_form(x: Floats, y: Floats, at: Floats, ridge: float) -> tuple[float, float]:
    """θ·x with θ = (ridge I + X'X)^-1 X'y, and x' (ridge I + X'X)^-1 x."""
    gram = ridge * np.eye(D) + x.T @ x
    theta = np.linalg.solve(gram, x.T @ y)
    return float(theta @ at), float(at @ np.linalg.solve(gram, at))


@pytest.mark.parametrize(("alpha", "ridge"), [(1.0, 1.0), (0.3, 0.01), (0.0, 25.0)])
def test_linucb_is_ridge_regression_plus_its_width(alpha: float, ridge: float) -> None:
    policy = LinUCB(alpha=alpha, ridge=ridge)
    x, arms, reward = taught(policy)
    for i in range(10):
        at = np.random.default_rng(i).normal(size=D)
        query = context(i, arms=("c", "a", "unseen", "b"), costs=[0.0] * 4, features=at)
        scores = policy.decide(query, DecisionRng(0, "q")).scores
        assert scores is not None
        for score, row in zip(scores, (2, 0, None, 1), strict=True):
            pulled = arms == row
            mean, variance = closed_form(x[pulled], reward[pulled], at, ridge)
            assert score == pytest.approx(mean + alpha * np.sqrt(variance), abs=1e-9)


@pytest.mark.parametrize(("v", "ridge"), [(0.5, 1.0), (2.0, 0.1)])
def test_lin_ts_draws_by_the_posterior(v: float, ridge: float) -> None:
    policy = LinTS(v=v, ridge=ridge)
    x, arms, reward = taught(policy)
    at = np.random.default_rng(1).normal(size=D)
    query = context(0, arms=("a", "b"), costs=[0.0, 0.0], features=at)
    decision = policy.decide(query, DecisionRng(0, "q"))
    mean, variance = np.transpose(
        [closed_form(x[arms == row], reward[arms == row], at, ridge) for row in (0, 1)]
    )
    assert decision.scores == pytest.approx(mean, abs=1e-9)
    chance = norm.cdf((mean[0] - mean[1]) / (v * np.sqrt(variance.sum())))
    assert decision.probabilities == pytest.approx([chance, 1.0 - chance], abs=1e-8)


def test_lin_ts_matches_samples_of_theta() -> None:
    """Agrawal & Goyal draw θ_a ~ N(θ̂_a, v² A_a^-1) and take the best θ_a·x."""
    policy = LinTS(v=0.7)
    x, arms, reward = taught(policy, 60)
    rng, at = np.random.default_rng(5), np.random.default_rng(2).normal(size=D)
    samples = []
    for row in range(3):
        gram = np.eye(D) + x[arms == row].T @ x[arms == row]
        theta = np.linalg.solve(gram, x[arms == row].T @ reward[arms == row])
        drawn = rng.multivariate_normal(theta, 0.7**2 * np.linalg.inv(gram), 200_000)
        samples.append(drawn @ at)
    share = np.bincount(np.argmax(samples, axis=0), minlength=3) / 200_000
    query = context(0, arms=ARMS, costs=[0.0] * 3, features=at)
    probabilities = policy.decide(query, DecisionRng(0, "q")).probabilities
    assert probabilities == pytest.approx(share, abs=5e-3)


def test_lin_ts_without_width_is_greedy() -> None:
    policy = LinTS(v=0.0)
    query = context(0, arms=ARMS, costs=[3.0, 1.0, 2.0], features=np.ones(D))
    assert policy.decide(query, DecisionRng(0, "q")).probabilities == (0.0, 1.0, 0.0)
    taught(policy)
    decision = policy.decide(query, DecisionRng(0, "q"))
    assert decision.scores is not None
    assert decision.arm == ARMS[int(np.argmax(decision.scores))]
    assert decision.propensity == 1.0


def test_lin_ts_at_the_origin_knows_nothing() -> None:
    policy = LinTS()
    taught(policy)
    query = context(0, arms=ARMS, costs=[3.0, 2.0, 1.0], features=np.zeros(D))
    assert policy.decide(query, DecisionRng(0, "q")).probabilities == (0.0, 0.0, 1.0)


def test_the_inverse_stays_good_over_many_updates() -> None:
    arms, rng = RidgeArms(1.0), np.random.default_rng(0)
    x, reward = rng.normal(size=(20_000, 4)), rng.random(20_000)
    for row, r in zip(x, reward, strict=True):
        arms.update("a", row, float(r))
    mean, variance = arms.predict(np.ones(4), ("a",))
    gram = np.eye(4) + x.T @ x
    assert mean[0] == pytest.approx(np.linalg.solve(gram, x.T @ reward).sum(), abs=1e-9)
    assert variance[0] == pytest.approx(np.linalg.inv(gram).sum(), rel=1e-9)


@pytest.mark.parametrize("scale", [1e4, 1e8, 1e12])
def test_huge_features_give_no_nan(scale: float) -> None:
    """Rounding then loses the inverse, but a width never becomes the root of a negative."""
    arms, rng = RidgeArms(1.0), np.random.default_rng(3)
    for _ in range(50):
        arms.update("a", rng.normal(size=5) * scale, 0.5)
        _, variance = arms.predict(rng.normal(size=5) * scale, ("a", "b"))
        assert (variance >= 0.0).all()


def test_a_width_that_does_not_fit_leaves_no_trace() -> None:
    arms = RidgeArms(1.0)
    arms.update("a", np.ones(3), 1.0)
    for arm in ("a", "b"):
        with pytest.raises(FeatureError, match="learned on 3 features and is given 2"):
            arms.update(arm, np.ones(2), 1.0)
    assert arms.state()["arms"] == ["a"]
    with pytest.raises(FeatureError, match="learned on 3 features and is given 4"):
        arms.predict(np.ones(4), ("a",))


@pytest.mark.parametrize("bad", [{"alpha": -1.0}, {"ridge": 0.0}, {"alpha": np.nan}])
def test_linucb_refuses_bad_parameters(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="linucb needs alpha >= 0 and ridge > 0"):
        LinUCB(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"v": -1.0}, {"ridge": 0.0}, {"v": np.inf}])
def test_lin_ts_refuses_bad_parameters(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="lin_ts needs v >= 0 and ridge > 0"):
        LinTS(**bad)  # type: ignore[arg-type]
