"""The warm start against Bayesian linear regression in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gairp.errors import ConfigError, NotFittedError, PriceError
from gairp.policies.base import BasePolicy
from gairp.policies.discounted_linucb import DiscountedLinUCB
from gairp.policies.fixed import Fixed
from gairp.policies.lin_ts import LinTS
from gairp.policies.linucb import LinUCB
from gairp.policies.ridge import fit_ridge
from gairp.policies.warm_start import WarmStart
from gairp.policies.window_linucb import WindowLinUCB
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context
from tests.contracts.policy_world import Floats, context, feedback, outcome
from tests.policies.trained import fitted, training_set

RNG = np.random.default_rng(7)
X = RNG.normal(size=(80, 3))
Y = RNG.random((80, 2))
RIDGE = 2.0


def policy(kind: Any = LinUCB, **arguments: float) -> BasePolicy:
    """A bandit of this penalty."""
    made: BasePolicy = kind(ridge=RIDGE, **arguments)
    return made


def asked(features: Floats, *arms: str) -> Context:
    """A request that these arms may answer."""
    return context(0, arms=arms, features=features, costs=[1.0] * len(arms))


def learn(warm: BasePolicy, arm: str, x: Floats, reward: float, i: int = 0) -> None:
    """One online reward of an arm."""
    at = context(i, arms=(arm,), features=x, costs=[1.0])
    decision = warm.decide(at, DecisionRng(0, at.request_id))
    warm.learn(at, decision, outcome(at, cost=0.0, latency=0.0), feedback(decision, reward))


def posterior(worth: float, online: Floats, rewards: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of arm b after online rows, by the book."""
    mean = fit_ridge(X, Y, np.ones_like(Y, dtype=bool), penalty=0.5, intercept=False)[0][1]
    prior = worth / 80 * X.T @ X + RIDGE * np.eye(3)
    precision = prior + online.T @ online
    found = np.linalg.solve(precision, prior @ mean + online.T @ rewards)
    return np.asarray(found), np.asarray(np.linalg.inv(precision))


@pytest.mark.parametrize("worth", [0.0, 25.0, 80.0])
@pytest.mark.parametrize("count", [0, 1, 12])
def test_prior_and_updates_are_those_of_bayesian_regression(worth: float, count: int) -> None:
    warm = fitted(
        WarmStart(policy=policy(alpha=0.7), worth=worth, penalty=0.5),
        training_set(Y, arms="ab", features=X),
    )
    online, rewards = RNG.normal(size=(count, 3)), RNG.random(count)
    for i, (x, reward) in enumerate(zip(online, rewards, strict=True)):
        learn(warm, "b", x, float(reward), i)
    mean, covariance = posterior(worth, online, rewards)
    for x in RNG.normal(size=(5, 3)):
        at = asked(x, "b")
        scores = warm.decide(at, DecisionRng(0, "r0")).scores or ()
        assert scores[0] == pytest.approx(mean @ x + 0.7 * np.sqrt(x @ covariance @ x), abs=1e-9)


def test_every_train_row_counts_as_one_without_a_worth() -> None:
    train = training_set(Y, arms="ab", features=X)
    every = fitted(WarmStart(policy=policy(), worth=None), train)
    eighty = fitted(WarmStart(policy=policy(), worth=80.0), train)
    assert every.save() == eighty.save()


def test_a_prior_of_the_bandit_s_own_penalty_is_the_bandit_that_saw_train() -> None:
    """Every row worth one and the same penalty: nothing differs from learning the rows online."""
    warm = fitted(
        WarmStart(policy=policy(), worth=None, penalty=RIDGE),
        training_set(Y, arms="ab", features=X),
    )
    seen = policy()
    for i, x in enumerate(X):
        for column, arm in enumerate("ab"):
            learn(seen, arm, x, float(Y[i, column]), i)
    for x in RNG.normal(size=(5, 3)):
        at = asked(x, "a", "b")
        one, other = (p.decide(at, DecisionRng(0, "r0")).scores for p in (warm, seen))
        assert one == pytest.approx(other, abs=1e-9)


def test_a_discounted_bandit_forgets_its_prior() -> None:
    """After w = discount^n the prior's evidence is w of what it was."""
    warm = fitted(
        WarmStart(
            policy=policy(DiscountedLinUCB, discount=0.5, alpha=0.0), worth=80.0, penalty=0.5
        ),
        training_set(Y, arms="ab", features=X),
    )
    mean = fit_ridge(X, Y, np.ones_like(Y, dtype=bool), penalty=0.5, intercept=False)[0][1]
    for i in range(3):  # rewards of the other arm
        learn(warm, "a", X[i], 0.5, i)
    gram = X.T @ X
    moment = (gram + RIDGE * np.eye(3)) @ mean
    expected = np.linalg.solve(0.125 * gram + RIDGE * np.eye(3), 0.125 * moment)
    at = asked(X[0], "b")
    scores = warm.decide(at, DecisionRng(0, "r0")).scores or ()
    assert scores[0] == pytest.approx(expected @ X[0], abs=1e-9)


def test_arms_that_were_not_observed_begin_cold() -> None:
    score = np.column_stack([Y, np.full(80, np.nan)])
    warm = fitted(WarmStart(policy=policy(LinTS, v=0.3)), training_set(score, features=X))
    at = asked(X[0], "a", "b", "c")
    decision = warm.decide(at, DecisionRng(0, "r0"))
    assert (decision.scores or ())[2] == 0.0
    assert decision.policy == warm.name


def test_what_is_learned_is_the_utility() -> None:
    paid = Utility(cost_weight=0.001)
    train = training_set(Y, arms="ab", features=X, cost=[1.0, 2.0])
    warm = fitted(WarmStart(policy=policy(), worth=None, penalty=RIDGE, utility=paid), train)
    free = fitted(
        WarmStart(policy=policy(), worth=None, penalty=RIDGE),
        training_set(Y - np.array([1.0, 2.0]), arms="ab", features=X),
    )
    assert warm.save() == free.save()
    unpriced = training_set(Y, arms="ab", features=X, cost=[1.0, float("nan")])
    with pytest.raises(PriceError, match="cost of arm 'b'"):
        fitted(WarmStart(policy=policy(), utility=paid), unpriced)


def test_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ConfigError, match="Fixed takes no prior"):
        WarmStart(policy=Fixed(arm="a"))
    with pytest.raises(ConfigError, match="worth is -1"):
        WarmStart(policy=LinUCB(), worth=-1.0)
    with pytest.raises(ConfigError, match=r"penalty is 0\.0"):
        WarmStart(policy=LinUCB(), penalty=0.0)
    with pytest.raises(NotFittedError, match="must be fitted"):
        WarmStart(policy=LinUCB()).decide(asked(X[0], "a"), DecisionRng(0, "r0"))
    windowed = WarmStart(policy=WindowLinUCB())
    with pytest.raises(ConfigError, match="takes no prior; give warm_start a discounted one"):
        fitted(windowed, training_set(Y, arms="ab", features=X))
