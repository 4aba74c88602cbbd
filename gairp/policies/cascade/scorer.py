"""How likely an answer is right, from the prompt and from what came with the answer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from gairp.policies.cascade.signals import Signals
from gairp.policies.learned.per_arm import safe_logit, soft_labels
from gairp.types import TrainingSet

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """P(right) = sigma(theta · x + bias); an input that is unknown counts as its mean."""

    theta: Floats  #: [d]
    bias: float
    mean: Floats  #: [d], of the training rows

    @classmethod
    def fit(cls, x: Floats, score: Floats, c: float) -> Self:
        """x [n, d] with NaN for the unknown, score [n] in [0, 1]; every input of unit size."""
        from sklearn.linear_model import LogisticRegression

        known = ~np.isnan(x)
        mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, x - mean, 0.0)
        spread = centred.std(axis=0)
        scale = np.where(spread > 1e-9, spread, 1.0)
        z, label, weight = soft_labels(centred / scale, score)
        if label.all() or not label.any():
            return cls(np.zeros(x.shape[1]), float(safe_logit(float(score.mean()))), mean)
        with warnings.catch_warnings():
            # The number of iterations is bounded on purpose; a scorer needs no last digit.
            warnings.simplefilter("ignore")
            fitted = LogisticRegression(C=c, max_iter=300).fit(z, label, weight)
        return cls(fitted.coef_[0] / scale, float(fitted.intercept_[0]), mean)

    def __call__(self, x: Floats) -> Floats:
        """P(right) of x [..., d]."""
        centred = np.where(np.isnan(x), 0.0, x - self.mean)
        return np.asarray(expit(centred @ self.theta + self.bias))


class AnswerScorer:
    """A logistic regression an arm, of the prompt's features and the answer's signals.

    The generation scorer of Chen, Zaharia & Zou (2023), "FrugalGPT", section 3, with recorded
    signals in place of a language model's reading of the answer. An arm that was never trained on
    scores one half.
    """

    def __init__(self, signals: Sequence[str], c: float) -> None:
        self.signals, self.c = tuple(signals), c
        self._arms: dict[str, Logistic] = {}

    def fit(self, train: TrainingSet) -> None:
        """Fit every arm that was observed; forgets what was fitted before."""
        self._arms = {}
        for arm, name in enumerate(train.arms):
            rows = np.flatnonzero(train.observed[:, arm])
            if len(rows):
                x = self._inputs(train, arm)[rows]
                self._arms[name] = Logistic.fit(x, train.score[rows, arm], self.c)

    def score(self, arm: str, features: Floats, signals: Signals) -> float:
        """P(right) of one answer."""
        model = self._arms.get(arm)
        if model is None:
            return 0.5
        return float(model(np.concatenate([features, [signals[name] for name in self.signals]])))

    def scores(self, train: TrainingSet) -> Floats:
        """P(right) of every observed answer [n, k], NaN for the others."""
        found = np.full(train.score.shape, 0.5)
        for arm, name in enumerate(train.arms):
            if name in self._arms:
                found[:, arm] = self._arms[name](self._inputs(train, arm))
        return np.where(train.observed, found, np.nan)

    def _inputs(self, train: TrainingSet, arm: int) -> Floats:
        return np.column_stack(
            [train.features, *(train.signals[name][:, arm] for name in self.signals)]
        )

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {
            name: {"theta": model.theta, "bias": model.bias, "mean": model.mean}
            for name, model in self._arms.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._arms = {name: Logistic(**fields) for name, fields in state.items()}
