"""One linear model an arm, whatever loss it is fitted with."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.special import logit

from gairp.errors import PolicyError
from gairp.policies.base import Floats, State
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.scaler import Scaler


class PerArmLinear(LearnedRouter):
    """Quality = link(θ_a·x + b_a); a subclass fits one arm and writes the link.

    A score between 0 and 1 counts as that share of a success and the rest of a failure.
    """

    _theta: Floats = np.empty((0, 0))  # [arms, d], of the features as they come
    _intercept: Floats = np.empty(0)  # [arms]

    @abstractmethod
    def _fit_arm(self, x: Floats, label: Bools, weight: Floats, seed: int) -> tuple[Floats, float]:
        """θ [d] and b of one arm, from rows of both labels."""

    @abstractmethod
    def _link(self, margin: Floats) -> Floats:
        """Quality of a margin, elementwise."""

    @abstractmethod
    def _constant(self, mean: float) -> float:
        """The margin whose quality is `mean`, for an arm that always or never succeeds."""

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        check_scores(y)
        scaler = Scaler.fit(x)
        z = scaler(x)
        seed = int(rng.integers(2**31))
        theta = np.zeros((y.shape[1], x.shape[1]))
        intercept = np.zeros(y.shape[1])
        for arm in range(y.shape[1]):
            rows = observed[:, arm]
            inputs, label, weight = soft_labels(z[rows], y[rows, arm])
            if label.all() or not label.any():
                intercept[arm] = self._constant(float(y[rows, arm].mean()))
                continue
            with warnings.catch_warnings():
                # The number of iterations is bounded on purpose; a router needs no last digit.
                warnings.simplefilter("ignore")
                theta[arm], intercept[arm] = self._fit_arm(inputs, label, weight, seed)
        self._theta = theta / scaler.scale
        self._intercept = intercept - self._theta @ scaler.mean

    def _predict(self, x: Floats) -> Floats:
        return self._link(x @ self._theta.T + self._intercept)

    def _predict_one(self, x: Floats) -> Floats:
        return self._link(self._theta.dot(x) + self._intercept)

    def _model(self) -> dict[str, Any]:
        return {"theta": self._theta, "intercept": self._intercept}

    def _take_up(self, model: State) -> None:
        self._theta, self._intercept = model["theta"], model["intercept"]


def soft_labels(x: Floats, score: Floats) -> tuple[Floats, Bools, Floats]:
    """Rows, labels and weights: each row once as a success and once as a failure, by its score.

    x [n, d], score [n] in [0, 1]; rows of weight 0 are left out.
    """
    weight = np.concatenate([score, 1.0 - score])
    label = np.arange(2 * len(score)) < len(score)
    kept = weight > 0
    rows = np.tile(np.arange(len(score)), 2)[kept]
    return x[rows], label[kept], weight[kept]


def check_scores(y: Floats) -> None:
    """Raise PolicyError for scores outside [0, 1]; NaN was not observed."""
    seen = y[~np.isnan(y)]
    if seen.min() < 0 or seen.max() > 1:
        raise PolicyError(
            f"training scores run from {seen.min()} to {seen.max()}; this router takes scores in "
            "[0, 1]: scale them, or take greedy_linear or knn"
        )


def safe_logit(mean: float | Floats) -> Floats:
    """logit, with 0 and 1 moved in by a thousandth."""
    return np.asarray(logit(np.clip(mean, 1e-3, 1.0 - 1e-3)))
