"""One ridge regression an arm, updated a reward at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy, ddot, dger

from gairp.errors import FeatureError
from gairp.policies.arms import ArmIndex

Floats = NDArray[np.float64]

_ZERO = np.zeros(())  # an array, since numpy takes longer over a Python float


class RidgeArms:
    """θ_a = A_a^-1 Σ r x, with A_a = ridge * I + Σ x x' over the rewards r of arm a.

    A_a^-1 is kept up by the Sherman-Morrison formula; the inverses of all arms lie stacked in one
    [k * d, d] matrix, so that one matrix-vector product serves every candidate. The width d is
    that of the first features learned from; others are then refused with FeatureError.
    """

    __slots__ = ("_arms", "_d", "_inverse", "_ridge", "_theta")

    def __init__(self, ridge: float) -> None:
        self._ridge = ridge
        self._arms = ArmIndex()
        self._d = 0
        self._inverse = np.empty((0, 0))  # [k * d, d]
        self._theta = np.empty((0, 0))  # [k, d]

    def predict(self, x: Floats, arms: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Means θ_a·x and variances x' A_a^-1 x of these arms, [k] each, the caller's to change.

        An arm that was never rewarded has mean 0 and variance x'x / ridge.
        """
        k = len(self._theta)
        if k == 0:
            width = np.empty(len(arms))
            width.fill(x.dot(x) / self._ridge)
            return np.zeros(len(arms)), width
        check_width(self._d, x)
        variance: Floats = self._inverse.dot(x).reshape(k, self._d).dot(x)
        # Rounding can leave a hair below zero where features are huge.
        np.maximum(variance, _ZERO, out=variance)
        mean: Floats = self._theta.dot(x)
        rows = self._arms.rows(arms)
        if rows is None:
            return mean, variance
        mean, variance = mean[rows], variance[rows]
        unseen = rows < 0
        if unseen.any():
            mean[unseen], variance[unseen] = 0.0, x.dot(x) / self._ridge
        return mean, variance

    def update(self, arm: str, x: Floats, reward: float) -> None:
        """Take in one reward; O(d²)."""
        if self._d:
            check_width(self._d, x)
        row = self._arms.row(arm)
        if row is None:
            row = self._grow(arm, len(x))
        d = self._d
        inverse = self._inverse[row * d : (row + 1) * d]
        v = inverse.dot(x)
        scale = 1.0 / (1.0 + ddot(v, x))
        theta = self._theta[row]
        # θ moves along the updated inverse times x, which is scale * v, by the prediction error.
        step = scale * (reward - ddot(theta, x))
        # BLAS, in place and without temporaries: theta += step * v, inverse -= scale * v v'. It
        # counts columns first, hence the transpose; the ones are strides and leave to overwrite.
        daxpy(v, theta, d, step)
        dger(-scale, v, v, 1, 1, inverse.T, 1, 1, 1)

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of an arm's evidence; O(d³)."""
        row = self._arms.row(arm)
        if row is not None:
            gram, moment = self._evidence(row)
            self._put(row, kept * gram, kept * moment)

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Give a new arm this share of another's evidence; None: of the mean of all. O(d³)."""
        if arm in self._arms or not len(self._arms):
            return
        source = None if like is None else self._arms.row(like)
        rows = range(len(self._arms)) if source is None else (source,)
        grams, moments = zip(*(self._evidence(row) for row in rows), strict=True)
        row = self._grow(arm, self._d)
        self._put(row, kept * np.mean(grams, axis=0), kept * np.mean(moments, axis=0))

    def begin_at(self, arms: tuple[str, ...], precision: Floats, mean: Floats) -> None:
        """A_a = precision[a] [k, d, d] and θ_a = mean[a] [k, d], in place of what was; O(k d³)."""
        self._arms, self._d = ArmIndex(arms), mean.shape[1]
        inverse = np.linalg.inv(precision)
        inverse = (inverse + inverse.transpose(0, 2, 1)) / 2.0
        self._inverse = np.ascontiguousarray(inverse.reshape(-1, self._d))
        self._theta = np.array(mean, order="C")

    def _evidence(self, row: int) -> tuple[Floats, Floats]:
        """Σ x x' [d, d] and Σ r x [d] of one arm."""
        d = self._d
        a = np.linalg.inv(self._inverse[row * d : (row + 1) * d])
        return a - self._ridge * np.eye(d), a @ self._theta[row]

    def _put(self, row: int, gram: Floats, moment: Floats) -> None:
        d = self._d
        inverse = np.linalg.inv(gram + self._ridge * np.eye(d))
        self._inverse[row * d : (row + 1) * d] = (inverse + inverse.T) / 2.0
        self._theta[row] = inverse @ moment

    def _grow(self, arm: str, d: int) -> int:
        if not self._d:
            self._d = d
            self._inverse, self._theta = np.empty((0, d)), np.empty((0, d))
        self._inverse = np.vstack([self._inverse, np.eye(d) / self._ridge])
        self._theta = np.vstack([self._theta, np.zeros(d)])
        return self._arms.add(arm)

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {"arms": list(self._arms.names), "inverse": self._inverse, "theta": self._theta}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._arms = ArmIndex(tuple(state["arms"]))
        self._inverse, self._theta = state["inverse"], state["theta"]
        self._d = self._theta.shape[1]


def check_width(learned: int, x: Floats) -> None:
    """Raise FeatureError where features are not as wide as those that were learned from."""
    if len(x) != learned:
        raise FeatureError(
            f"this policy learned on {learned} features and is given {len(x)}; "
            "use the feature builder that it was trained with"
        )
