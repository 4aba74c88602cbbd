"""Learned routers: scoring many prompts at once, and one decision beside a bare scikit-learn model.

Trained on 5,000 prompts; 12,000 prompts, 9 models, 81 cached features (the columns of
tfidf_svd_metadata with 64 directions).
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.problem import Problem
from benchmarks.side_by_side import note, pedantic, side_by_side
from gairp.policies.greedy_linear import GreedyLinear
from gairp.policies.knn import KNN
from gairp.policies.learned.cluster import Cluster
from gairp.policies.learned.logistic import Logistic
from gairp.policies.learned.matrix_factorisation import MatrixFactorisation
from gairp.policies.learned.mlp import MLP
from gairp.policies.learned.router import LearnedRouter
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet

pytestmark = pytest.mark.benchmark(timer=process_time)

PROMPTS, TRAIN, D, ARMS, ROUNDS = 12_000, 5_000, 81, 9, 7
SCORED: dict[str, Callable[[], LearnedRouter]] = {
    "knn": lambda: KNN(k=50, predict="quality"),
    "linear": lambda: GreedyLinear(predict="quality"),
    "mf": lambda: MatrixFactorisation(iterations=20),
    "cluster": Cluster,
}


def trained(build: Callable[[], LearnedRouter]) -> tuple[LearnedRouter, Problem]:
    """A router fitted on the first prompts, and all of them."""
    problem = Problem.seeded(n=PROMPTS, d=D, k=ARMS)
    luck = np.random.default_rng(1).random((TRAIN, ARMS))
    router = build()
    router.fit(
        TrainingSet(
            arms=problem.arms,
            features=problem.features[:TRAIN],
            score=(luck < problem.quality[:TRAIN]).astype(np.float64),
            cost_usd=problem.cost_usd[:TRAIN],
            latency_s=problem.latency_s[:TRAIN],
            observed=np.ones((TRAIN, ARMS), dtype=np.bool_),
        ),
        np.random.default_rng(0),
    )
    return router, problem


@pytest.mark.parametrize("name", SCORED)
def test_many_prompts_at_once(benchmark: BenchmarkFixture, name: str) -> None:
    router, problem = trained(SCORED[name])
    found = pedantic(benchmark, lambda: router.estimates(problem.features), rounds=3)
    assert found.shape == (PROMPTS, ARMS)
    if benchmark.stats is None:
        return
    seconds = float(benchmark.stats.stats.median)
    note(
        benchmark,
        key=f"score_{name}_s",
        target=2.0,
        ratio=seconds,
        text=f"{PROMPTS:,} prompts × {ARMS} models, {1e6 * seconds / PROMPTS:.1f} µs a prompt",
    )


class Decisions:
    """`decide` of one request after the other, contexts ready."""

    def __init__(self, router: LearnedRouter, problem: Problem, rows: int) -> None:
        self.router = router
        self.contexts = [
            Context(
                request_id=problem.request_ids[row],
                features=problem.features[row],
                candidates=problem.arms,
                expected_cost=problem.expected_cost,
                max_cost=problem.expected_cost,
                now=0.0,
            )
            for row in range(rows)
        ]

    def __call__(self) -> None:
        decide = self.router.decide
        for context in self.contexts:
            decide(context, DecisionRng(0, context.request_id))


def peer_of(name: str, router: Any) -> Callable[[Any], Any]:
    """`predict` of the scikit-learn model that says the same, fitted on the same rows."""
    problem = Problem.seeded(n=PROMPTS, d=D, k=ARMS)
    luck = np.random.default_rng(1).random((TRAIN, ARMS))
    x, y = problem.features[:TRAIN], (luck < problem.quality[:TRAIN]).astype(np.float64)
    if name == "knn":
        from sklearn.neighbors import KNeighborsRegressor

        peer = KNeighborsRegressor(50, algorithm="brute", metric="cosine")
    elif name == "linear":
        from sklearn.linear_model import Ridge

        peer = Ridge(alpha=router.penalties["arm-0"])
    elif name == "cluster":
        from sklearn.cluster import KMeans

        peer = KMeans(n_clusters=router.clusters, n_init=1, random_state=0)
    elif name == "mlp":
        from sklearn.neural_network import MLPRegressor

        peer = MLPRegressor(hidden_layer_sizes=(32,), max_iter=router.epochs)
    else:
        from sklearn.linear_model import LogisticRegression
        from sklearn.multioutput import MultiOutputClassifier

        peer = MultiOutputClassifier(LogisticRegression(C=router.c)).fit(x, y)
        return lambda row: peer.predict_proba(row)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.fit(x, None if name == "cluster" else y)
    return lambda row: peer.predict(row)


ONE: dict[str, Callable[[], LearnedRouter]] = {
    "knn": SCORED["knn"],
    "linear": SCORED["linear"],
    "logistic": Logistic,
    "cluster": Cluster,
    "mlp": lambda: MLP(epochs=3),
}


@pytest.mark.parametrize("name", ONE)
def test_one_decision_beside_scikit_learn(benchmark: BenchmarkFixture, name: str) -> None:
    router, problem = trained(ONE[name])
    predict, rows = peer_of(name, router), 200
    ready = [problem.features[row : row + 1] for row in range(rows)]

    def theirs() -> None:
        for row in ready:
            predict(row)

    side_by_side(
        benchmark,
        key=f"decide_{name}_vs_sklearn",
        target=2.0,
        ours=Decisions(router, problem, rows),
        theirs=theirs,
        requests=(rows, rows),
        rounds=ROUNDS,
        against="a bare scikit-learn predict",
    )


@pytest.mark.parametrize("name", SCORED)
def test_one_decision_of_each(benchmark: BenchmarkFixture, name: str) -> None:
    """Below a millisecond, without embedding."""
    router, problem = trained(SCORED[name])
    loop = Decisions(router, problem, 500)
    pedantic(benchmark, loop, rounds=ROUNDS, warmup_rounds=1)
    if benchmark.stats is None:
        return
    milliseconds = 1e3 * float(benchmark.stats.stats.median) / 500
    note(
        benchmark,
        key=f"decide_{name}_ms",
        target=1.0,
        ratio=milliseconds,
        text=f"{1e3 * milliseconds:.0f} µs a decision",
    )
