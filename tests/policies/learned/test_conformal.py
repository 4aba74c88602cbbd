"""Bounds cover what they say, whatever the model; and the rule that goes by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from gairp.errors import ConfigError, NotFittedError, PolicyError
from gairp.policies.cheapest import Cheapest
from gairp.policies.greedy_linear import GreedyLinear
from gairp.policies.learned.conformal import ConformalBounds, conformal_quantile
from gairp.policies.learned.conformal_router import ConformalRouter
from gairp.policies.learned.logistic import Logistic
from gairp.policies.learned.router import LearnedRouter
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet

Floats = NDArray[np.float64]
COST = np.array([1.0, 2.0, 8.0]) * 1e-3
ARMS = ("small", "middle", "large")
RNG = DecisionRng(0, "r")


def drawn(n: int, seed: int, *, binary: bool) -> TrainingSet:
    """Quality bends with the prompt, and its noise grows with it: no linear model is right."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, (n, 2))
    mean = np.clip(np.array([0.4, 0.6, 0.9]) - 0.5 * x[:, :1] ** 3 + 0.1 * x[:, 1:], 0.02, 0.98)
    noise = (0.05 + 0.3 * np.abs(x[:, 1:])) * rng.normal(size=(n, 3))
    score = (rng.random((n, 3)) < mean).astype(float) if binary else mean + noise
    return TrainingSet(
        arms=ARMS, features=np.column_stack([np.ones(n), x]), score=score,
        cost_usd=np.tile(COST, (n, 1)), latency_s=np.ones((n, 3)),
        observed=np.full((n, 3), True),
    )  # fmt: skip


def test_the_quantile_by_hand() -> None:
    values = np.array([9.0, 1.0, 5.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0])
    assert [conformal_quantile(values, a) for a in (0.1, 0.2, 0.5, 0.9)] == [9.0, 8.0, 5.0, 1.0]
    with pytest.raises(PolicyError, match=r"9 held-out rows cannot bound .* which takes 19;"):
        conformal_quantile(values, 0.05)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_coverage_is_what_it_must_be_and_no_more(alpha: float) -> None:
    """P(score >= bound) is ⌈(n + 1)(1 - alpha)⌉ / (n + 1) exactly where there are no ties; here of
    a predictor that knows nothing, over 400 calibrations of 99 rows each.
    """
    rng = np.random.default_rng(0)
    apart: list[float] = []
    jointly: list[float] = []
    for _ in range(400):
        score = rng.normal(size=(99 + 200, 2)) + np.array([0.0, 1.0])
        predicted, all_seen = np.zeros((99, 2)), np.full((99, 2), True)
        for together, into in ((False, apart), (True, jointly)):
            bounds = ConformalBounds.fit(
                predicted, score[:99], all_seen, alpha=alpha, jointly=together
            )
            holds = score[99:] >= bounds.lower(np.zeros(2))
            into.append(float(holds.all(axis=1).mean() if together else holds.mean()))
    assert np.mean(apart) == pytest.approx(1.0 - alpha, abs=0.005)
    assert np.mean(jointly) == pytest.approx(1.0 - alpha, abs=0.006)


@pytest.mark.parametrize(
    ("make", "binary"),
    [
        (lambda: GreedyLinear(predict="quality"), False),
        (lambda: GreedyLinear(predict="quality"), True),
        (Logistic, True),
    ],
)
def test_the_arm_that_is_taken_is_as_good_as_its_bound(
    make: Callable[[], LearnedRouter], binary: bool
) -> None:
    """Jointly, the bound of the chosen arm holds too, though a rule has looked at it."""
    alpha, missed, wrong = 0.15, [], []
    test = drawn(3_000, 1, binary=binary)
    for seed in range(8):
        policy = ConformalRouter(policy=make(), alpha=alpha, floor=1e-9 if binary else 0.4)
        policy.fit(drawn(900, 10 + seed, binary=binary), np.random.default_rng(seed))
        bounds = policy.bounds(test.features)
        enough = bounds >= policy.floor
        taken = np.where(enough.any(axis=1), enough.argmax(axis=1), bounds.argmax(axis=1))
        rows = np.arange(len(taken))
        missed.append((test.score[rows, taken] < bounds[rows, taken]).mean())
        wrong.append(((test.score[rows, taken] < policy.floor) & enough.any(axis=1)).mean())
    assert np.mean(missed) <= alpha + 0.01
    assert np.mean(wrong) <= alpha + 0.01  # taken for good enough, and was not
    assert np.mean(missed) > 0.02  # and not for want of daring


def context(row: Floats, **more: Any) -> Context:
    at = Context(request_id="r", features=row, candidates=ARMS, expected_cost=COST, max_cost=COST)
    return msgspec.structs.replace(at, **more)


def test_the_cheapest_that_is_good_enough_is_taken() -> None:
    train = drawn(600, 3, binary=False)
    policy = ConformalRouter(policy=GreedyLinear(predict="quality"), alpha=0.2, jointly=False)
    policy.fit(train, np.random.default_rng(0))
    row = train.features[0]
    bounds = policy.bounds(row[None])[0]
    assert bounds[2] > bounds[0]
    for floor, arm in ((bounds[0] - 1e-9, "small"), (bounds[2], "large"), (9.0, "large")):
        policy.floor = float(floor)
        decision = policy.decide(context(row), RNG)
        assert (decision.arm, decision.scores) == (arm, tuple(bounds.tolist()))
    # Among those good enough the price of the moment decides.
    policy.floor = -9.0
    cheap = context(row, expected_cost=np.array([3e-3, 2e-3, 1e-3]))
    assert policy.decide(cheap, RNG).arm == "large"
    restored = policy.fresh()
    restored.load(policy.save())
    assert restored.bounds(train.features).tolist() == policy.bounds(train.features).tolist()


def test_what_it_cannot_do_is_said() -> None:
    with pytest.raises(ConfigError, match=r"must be a learned router .* it is Cheapest"):
        ConformalRouter(policy=Cheapest())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"alpha and holdout between 0 and 1; got 1.0"):
        ConformalRouter(policy=Logistic(), alpha=1.0)
    with pytest.raises(NotFittedError):
        ConformalRouter(policy=Logistic()).bounds(np.ones((1, 3)))
    policy = ConformalRouter(policy=Logistic(), alpha=0.01, holdout=0.1)
    with pytest.raises(PolicyError, match="20 held-out rows cannot bound quality"):
        policy.fit(drawn(200, 0, binary=True), np.random.default_rng(0))
