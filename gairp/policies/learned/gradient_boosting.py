"""Gradient-boosted trees, one series an arm."""

from __future__ import annotations

from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.trees import Trees
from gairp.rewards import Utility


class GradientBoosting(LearnedRouter):
    """Quality = a sum of small regression trees, each fitted to what the earlier ones leave.

    Friedman (2001), "Greedy function approximation: a gradient boosting machine", with the
    histograms of Ke et al. (2017), "LightGBM", as scikit-learn has them.

    trees: an arm.
    learning_rate: share of each tree that counts.
    depth: of a tree, at most.
    min_leaf: training rows in a leaf, at least.
    """

    def __init__(
        self,
        *,
        trees: int = 50,
        learning_rate: float = 0.05,
        depth: int = 3,
        min_leaf: int = 20,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if trees < 1 or depth < 1 or min_leaf < 1 or not 0 < learning_rate <= 1:
            raise ConfigError(
                "gradient_boosting needs trees, depth and min_leaf of at least 1 and a "
                f"learning_rate in (0, 1]; got {trees}, {depth}, {min_leaf} and {learning_rate}"
            )
        self.trees, self.depth, self.min_leaf = int(trees), int(depth), int(min_leaf)
        self.learning_rate = float(learning_rate)
        self._trees: Trees | None = None

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        nodes, arms, base = [], [], np.zeros(y.shape[1])
        for arm in range(y.shape[1]):
            rows = observed[:, arm]
            fitted = HistGradientBoostingRegressor(
                max_iter=self.trees,
                learning_rate=self.learning_rate,
                max_depth=self.depth,
                min_samples_leaf=self.min_leaf,
                early_stopping=False,
                random_state=int(rng.integers(2**31)),
            ).fit(x[rows], y[rows, arm])
            # scikit-learn has no public view of these trees; a test holds ours to its predictions.
            base[arm] = float(np.ravel(fitted._baseline_prediction)[0])
            nodes += [tree.nodes for (tree,) in fitted._predictors]
            arms += [arm] * len(fitted._predictors)
        self._trees = Trees.stacked(nodes, arms, base)

    def _predict(self, x: Floats) -> Floats:
        assert self._trees is not None
        return self._trees.predict(x)

    def _model(self) -> dict[str, Any]:
        assert self._trees is not None
        return self._trees.state()

    def _take_up(self, model: State) -> None:
        self._trees = Trees.restored(model)
