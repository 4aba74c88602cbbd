"""A small world for policies to act in: arms, contexts, and problems whose optimum is known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Feedback, Outcome, TrainingSet
from tests.contracts.policy_cases import Case

Floats = NDArray[np.float64]

ARMS = ("tiny", "small", "large", "huge")
COST = {"tiny": 1e-4, "small": 2e-4, "large": 4e-4, "huge": 8e-4, "new": 3e-4}
D = 5


@cache
def features_of(i: int) -> Floats:
    """[D]: a constant, then uniform numbers in [-1, 1]."""
    x = np.append(1.0, np.random.default_rng([11, i]).uniform(-1.0, 1.0, D - 1))
    x.setflags(write=False)  # no policy may write into its input
    return x


@cache
def uniform_of(seed: int, i: int) -> float:
    """The luck of request i in the problem of this seed, whoever answers."""
    return float(np.random.default_rng([17, seed, i]).random())


def context(
    i: int,
    *,
    arms: Sequence[str] = ARMS,
    features: Floats | None = None,
    costs: Sequence[float] | None = None,
) -> Context:
    """The context of request number i."""
    cost = np.array([COST[arm] for arm in arms] if costs is None else costs, dtype=np.float64)
    x = features_of(i) if features is None else features
    return Context(
        request_id=f"r{i}",
        features=x,
        candidates=tuple(arms),
        expected_cost=cost,
        max_cost=cost * 2.0,
        now=float(i),
    )


def outcome(at: Context, *, cost: float = 1e-4, latency: float = 0.5) -> Outcome:
    """A completion."""
    return Outcome(
        request_id=at.request_id,
        attempts=(),
        total_cost_usd=cost,
        latency_s=latency,
        completed_at=at.now + latency,
    )


def feedback(decision: Decision, quality: float) -> Feedback:
    """How good the answer was."""
    return Feedback(decision_id=decision.id, quality=quality)


@dataclass(frozen=True)
class Problem:
    """Mean quality = base_a + slope_a · z for features (1, z); feedback is 0 or 1."""

    base: Floats  # [k]
    slope: Floats  # [k, D - 1]
    seed: int

    def means(self, at: Context) -> dict[str, float]:
        """Expected quality of every arm."""
        values = self.base + self.slope @ at.features[1:]
        return dict(zip(ARMS, values.tolist(), strict=True))

    def quality(self, i: int, at: Context, arm: str) -> float:
        """The feedback that this arm's answer to request i gets, whoever asks."""
        return float(uniform_of(self.seed, i) < self.means(at).get(arm, 0.5))


def stationary(seed: int) -> Problem:
    """One arm is best for every request."""
    base = np.random.default_rng([3, seed]).permutation([0.2, 0.4, 0.6, 0.85])
    return Problem(base, np.zeros((len(ARMS), D - 1)), seed)


def linear(seed: int) -> Problem:
    """Every arm's quality hangs on one feature, so which arm is best is linear in them."""
    rng = np.random.default_rng([5, seed])
    slope = np.diag(0.45 * rng.choice([-1.0, 1.0], len(ARMS)))
    return Problem(np.full(len(ARMS), 0.5), rng.permutation(slope), seed)


def training_set(problem: Problem, *, rows: int = 200, first: int = 100_000) -> TrainingSet:
    """Outcomes of all arms on requests that no stream of the tests uses."""
    contexts = [context(first + i) for i in range(rows)]
    score = [[problem.quality(first + i, at, a) for a in ARMS] for i, at in enumerate(contexts)]
    shape = (rows, len(ARMS))
    return TrainingSet(
        arms=ARMS,
        features=np.array([at.features for at in contexts]),
        score=np.array(score, dtype=np.float64),
        cost_usd=np.tile([COST[arm] for arm in ARMS], (rows, 1)),
        latency_s=np.full(shape, 0.5),
        observed=np.ones(shape, dtype=np.bool_),
        signals={"sign": 0.2 + 0.6 * np.array(score)},
    )


def ready(
    case: Case, *, utility: Utility | None = None, problem: Problem | None = None
) -> BasePolicy:
    """A new policy that may decide: fitted where it must be, on the problem where that matters."""
    policy = case.build(utility=utility)
    if isinstance(policy, Trainable):
        policy.fit(training_set(problem or linear(0)), np.random.default_rng(0))
    return policy


def run(
    policy: BasePolicy, requests: range, *, seed: int = 0, problem: Problem | None = None
) -> list[Decision]:
    """Decide, observe and learn, one request after the other."""
    problem = problem or linear(0)
    decisions = []
    for i in requests:
        at = context(i)
        decision = policy.decide(at, DecisionRng(seed, at.request_id))
        done = outcome(at)
        policy.observe(at, decision, done)
        policy.learn(at, decision, done, feedback(decision, problem.quality(i, at, decision.arm)))
        decisions.append(decision)
    return decisions


def probe(policy: BasePolicy, requests: range = range(5_000, 5_020)) -> list[Decision]:
    """What the policy would do next; a window on its state that works for every policy."""
    return [policy.decide(context(i), DecisionRng(1, f"r{i}")) for i in requests]


def behaviour(policy: BasePolicy) -> tuple[int, str]:
    """The state as it shows: updates applied, and what the policy would do next, bit for bit."""
    return policy.state_version, fingerprint(probe(policy))


def snapshot(policy: BasePolicy) -> tuple[bytes, int, str]:
    """The state of one policy, before and after something that must leave it alone."""
    return (policy.save() if policy.restorable else b"", *behaviour(policy))


def fingerprint(decisions: Sequence[Decision]) -> str:
    """A hash of a stream of decisions, every bit of it."""
    return hashlib.sha256(repr(decisions).encode()).hexdigest()
