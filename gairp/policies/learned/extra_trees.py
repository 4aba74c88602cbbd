"""Extremely randomised trees, a forest an arm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.trees import Trees
from gairp.rewards import Utility

_NODE = np.dtype(
    [
        ("feature_idx", np.int64),
        ("num_threshold", np.float64),
        ("left", np.int64),
        ("right", np.int64),
        ("value", np.float64),
        ("is_leaf", np.uint8),
        ("depth", np.int64),
    ]
)


class ExtraTrees(LearnedRouter):
    """Quality = the mean of trees whose cuts are drawn at random, and the best of few kept.

    Geurts, Ernst & Wehenkel (2006), "Extremely randomized trees", by scikit-learn; what is saved
    are the trees' numbers.

    trees: an arm. leaf: training rows that a leaf holds at least; more make it smoother.
    features: share of the features that a cut is chosen from.
    """

    def __init__(
        self,
        *,
        trees: int = 100,
        leaf: int = 10,
        features: float = 0.3,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if trees < 1 or leaf < 1 or not 0 < features <= 1:
            raise ConfigError(
                "extra_trees needs trees and leaf of at least 1 and features in (0, 1]; got "
                f"{trees}, {leaf} and {features}"
            )
        self.trees, self.leaf, self.features = int(trees), int(leaf), float(features)
        self._forest: Trees | None = None

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        tables: list[NDArray[Any]] = []
        arms: list[int] = []
        seed = int(rng.integers(2**31))
        for arm in range(y.shape[1]):
            rows = observed[:, arm]
            forest = ExtraTreesRegressor(
                self.trees,
                min_samples_leaf=self.leaf,
                max_features=self.features,
                random_state=seed + arm,
            ).fit(x[rows], y[rows, arm])
            tables += [_nodes(one.tree_, self.trees) for one in forest.estimators_]
            arms += [arm] * self.trees
        self._forest = Trees.stacked(tables, arms, np.zeros(y.shape[1]))

    def _predict(self, x: Floats) -> Floats:
        assert self._forest is not None
        # The cuts were made on single precision: a value between two floats must fall as it did.
        return self._forest.predict(x.astype(np.float32).astype(np.float64))

    def _model(self) -> dict[str, Any]:
        assert self._forest is not None
        return self._forest.state()

    def _take_up(self, model: State) -> None:
        self._forest = Trees.restored(model)


def _nodes(tree: Any, trees: int) -> NDArray[Any]:
    """A tree of scikit-learn as a table of nodes, its leaves divided by the number of trees."""
    table = np.zeros(tree.node_count, dtype=_NODE)
    table["feature_idx"] = tree.feature
    table["num_threshold"] = tree.threshold
    table["left"], table["right"] = tree.children_left, tree.children_right
    table["value"] = tree.value[:, 0, 0] / trees
    table["is_leaf"] = tree.children_left < 0
    table["depth"] = tree.max_depth
    return table
