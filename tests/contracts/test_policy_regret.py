"""Every learner learns: at most half of random's regret where the optimum is known."""

from __future__ import annotations

from functools import cache

import pytest

from gairp.policies.base import BasePolicy
from gairp.policies.random import Random
from tests.contracts.policy_cases import Case
from tests.contracts.policy_world import Problem, context, linear, ready, run, stationary

ROUNDS = {"stationary": 500, "linear": 1_000}
SEEDS = 20
PROBLEMS = {"stationary": stationary, "linear": linear}


def regret(policy: BasePolicy, problem: Problem, rounds: int) -> float:
    """Cumulative regret against the best arm of each request, in expected quality."""
    total = 0.0
    for i, decision in enumerate(run(policy, range(rounds), seed=problem.seed, problem=problem)):
        means = problem.means(context(i))
        total += max(means.values()) - means[decision.arm]
    return total


@cache
def random_regret(kind: str, seed: int) -> float:
    """Regret of the uniform policy."""
    return regret(Random(), PROBLEMS[kind](seed), ROUNDS[kind])


@pytest.mark.kinds("learner")
def test_learners_halve_the_regret_of_random(case: Case) -> None:
    kind = "linear" if case.build().reads_features else "stationary"
    problems = [PROBLEMS[kind](seed) for seed in range(SEEDS)]
    shares = [
        regret(ready(case, problem=at), at, ROUNDS[kind]) / random_regret(kind, at.seed)
        for at in problems
    ]
    assert sum(share <= 0.5 for share in shares) >= 19, [round(share, 2) for share in shares]
