"""A reward model whose prediction of a row has never seen that row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gairp.ope.arrays import Floats, Ints, floats

#: Predicts the reward of every arm, [m, k], for features [m, d].
Model = Callable[[Floats], Floats]
#: Fits on features [m, d], actions [m] and rewards [m].
Fit = Callable[[Floats, Ints, Floats], Model]


def cross_fitted(
    features: ArrayLike,
    actions: ArrayLike,
    rewards: ArrayLike,
    *,
    fit: Fit,
    rng: np.random.Generator,
    folds: int | ArrayLike = 3,
    clusters: ArrayLike | None = None,
) -> Floats:
    """q̂ [n, k], each row predicted by a model fitted on the other folds.

    Cross-fitting; Chernozhukov et al. (2018), "Double/debiased machine learning". `folds` are how
    many, or the fold of each row [n]; rows of one cluster are drawn into one. A row without a
    reward (NaN) is predicted, not fitted. Raises ValueError for fewer clusters than folds, and
    where the other folds hold no reward to learn from.
    """
    x = floats("features", features, (None, None))
    r, a = floats("rewards", rewards, (len(x),)), np.asarray(actions, dtype=np.int64)
    if isinstance(folds, int):
        fold = _drawn(folds, np.arange(len(x)) if clusters is None else np.asarray(clusters), rng)
    else:
        fold = np.asarray(folds, dtype=np.int64)
    parts = []
    for one in np.unique(fold):
        train = (fold != one) & ~np.isnan(r)
        if not train.any():
            raise ValueError("a fold has no reward to learn from; use fewer folds or more data")
        parts.append((fold == one, fit(x[train], a[train], r[train])(x[fold == one])))
    q_hat = np.empty((len(x), parts[0][1].shape[1]))
    for chosen, predicted in parts:
        q_hat[chosen] = predicted
    return q_hat


def _drawn(folds: int, clusters: NDArray[Any], rng: np.random.Generator) -> Ints:
    labels, members = np.unique(clusters, return_inverse=True)
    if not 2 <= folds <= len(labels):
        raise ValueError(f"folds is {folds}; give 2 to {len(labels)}, the number of clusters")
    return np.asarray(rng.permutation(np.arange(len(labels)) % folds)[members], dtype=np.int64)


class RidgeModel:
    """One ridge regression an arm with an unpenalised intercept, clipped to the reward's bounds.

    An arm without a row is predicted by the mean of all rewards.
    """

    def __init__(
        self, *, k: int, ridge: float = 1.0, bounds: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        if k < 1 or not ridge > 0:
            raise ValueError(f"k is {k} and ridge is {ridge}; give k >= 1 and ridge > 0")
        self.k, self.ridge, self.bounds = k, ridge, bounds

    def __call__(self, features: Floats, actions: Ints, rewards: Floats) -> Model:
        """Fit; a `Fit` for `cross_fitted`."""
        d = features.shape[1]
        coefficients = np.zeros((d, self.k))
        intercepts = np.full(self.k, rewards.mean())
        for arm in range(self.k):
            rows = actions == arm
            if rows.any():
                x, r = features[rows], rewards[rows]
                centre, level = x.mean(axis=0), r.mean()
                gram = (x - centre).T @ (x - centre) + self.ridge * np.eye(d)
                beta = np.linalg.solve(gram, (x - centre).T @ (r - level))
                coefficients[:, arm], intercepts[arm] = beta, level - centre @ beta
        return lambda new: np.clip(new @ coefficients + intercepts, *self.bounds)
