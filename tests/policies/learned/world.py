"""A world whose best router is known: qualities are chances, linear in the features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.policies.greedy_linear import GreedyLinear
from gairp.policies.knn import KNN
from gairp.policies.learned.bradley_terry import BradleyTerry
from gairp.policies.learned.cluster import Cluster
from gairp.policies.learned.ensemble import Ensemble
from gairp.policies.learned.extra_trees import ExtraTrees
from gairp.policies.learned.gradient_boosting import GradientBoosting
from gairp.policies.learned.irt import IRT
from gairp.policies.learned.kernel_ridge import KernelRidge
from gairp.policies.learned.logistic import Logistic
from gairp.policies.learned.matrix_factorisation import MatrixFactorisation
from gairp.policies.learned.mlp import MLP
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.learned.svm import SVM
from gairp.policies.learned.win_probability import WinProbability
from gairp.types import TrainingSet

Floats = NDArray[np.float64]

#: Every learned router, as small as the tests need it.
ROUTERS: dict[str, Callable[[], LearnedRouter]] = {
    "knn": lambda: KNN(k=100, predict="quality"),
    "ridge": lambda: GreedyLinear(predict="quality"),
    "kernel_ridge": lambda: KernelRidge(components=200),
    "logistic": Logistic,
    "svm": SVM,
    "mlp": lambda: MLP(epochs=10),
    "extra_trees": lambda: ExtraTrees(trees=40, features=1.0),
    "gradient_boosting": lambda: GradientBoosting(trees=60, learning_rate=0.15, depth=4),
    "matrix_factorisation": MatrixFactorisation,
    "irt": IRT,
    "bradley_terry": lambda: BradleyTerry(gamma=3000.0),
    "cluster": lambda: Cluster(clusters=64, nearest=3),
    "win_probability": WinProbability,
    "ensemble": lambda: Ensemble(members=[GreedyLinear(predict="quality"), Logistic()]),
}


@dataclass(frozen=True)
class World:
    """n prompts; chances [n, k] that each arm is right, and whether it was."""

    features: Floats
    chance: Floats
    score: Floats

    @classmethod
    def drawn(cls, n: int, *, seed: int, arms: int = 2, d: int = 4) -> World:
        """Each arm is good in its own direction of the features; the last ones are noise."""
        rng = np.random.default_rng([seed, arms, d])
        x = rng.normal(size=(n, d))
        slope = np.zeros((d, arms))
        slope[: min(d, arms), : min(d, arms)] = 0.14 * np.eye(min(d, arms))
        chance = np.clip(0.5 + x @ slope, 0.02, 0.98)
        return cls(x, chance, (rng.random((n, arms)) < chance).astype(np.float64))

    def training_set(self) -> TrainingSet:
        """What a router may fit on; the first arm is the cheapest."""
        n, k = self.score.shape
        return TrainingSet(
            arms=tuple("abcdefgh"[:k]),
            features=self.features,
            score=self.score,
            cost_usd=np.tile(1e-4 * np.arange(1.0, k + 1), (n, 1)),
            latency_s=np.full((n, k), np.nan),
            observed=np.ones((n, k), dtype=np.bool_),
        )

    def quality(self, estimates: Floats) -> float:
        """Expected quality of taking the best estimate for every prompt."""
        chosen = estimates.argmax(axis=1)
        return float(self.chance[np.arange(len(chosen)), chosen].mean())

    @property
    def optimum(self) -> float:
        """Of the router that knows the chances."""
        return float(self.chance.max(axis=1).mean())
