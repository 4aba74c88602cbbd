"""Nearest neighbours: what did each arm do on the training prompts most like this one?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter, Predicted
from gairp.policies.training import observed_means
from gairp.rewards import Utility


class KNN(LearnedRouter):
    """An arm's mean over those of the k nearest training rows that observed it.

    Nearest by cosine similarity, whatever builder made the features; of equally similar rows the
    earlier ones count. An arm that none of the k rows observed gets its mean over all training
    rows, and so do all arms for features that are all zero, which point nowhere.

    As a router of language models: Hu et al. (2024), "RouterBench", section 4.

    k: training rows that are asked.
    """

    def __init__(
        self,
        *,
        k: int = 50,
        predict: Predicted = "utility",
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            predict=predict, calibration=calibration, holdout=holdout, utility=utility, name=name
        )
        if k < 1:
            raise ConfigError(f"knn.k is {k}; give at least 1 neighbour")
        self.k = int(k)
        self._rows = np.empty((0, 0))  # [n, d], each of length 1 (or 0)
        self._values = np.empty((0, 0))  # [n, arms], NaN where unobserved
        self._derive()

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        norms = np.linalg.norm(x, axis=1, keepdims=True)
        self._rows = np.ascontiguousarray(x / np.where(norms > 0, norms, 1.0))
        self._values = y
        self._derive()

    def _derive(self) -> None:
        observed = ~np.isnan(self._values)
        self._means = observed_means(self._values, observed)
        self._complete = bool(observed.all())

    def _predict(self, x: Floats) -> Floats:
        values = np.empty((len(x), self._values.shape[1]))
        for start in range(0, len(x), 256):
            block = x[start : start + 256]
            for i, similarity in enumerate(block @ self._rows.T, start):
                values[i] = self._estimate(similarity, x[i])
        return values

    def _predict_one(self, x: Floats) -> Floats:
        return self._estimate(self._rows.dot(x), x)

    def _estimate(self, similarity: Floats, x: Floats) -> Floats:
        if not x.any():
            return self._means
        values = self._values[nearest(similarity, self.k)]
        if self._complete:
            return np.asarray(values.mean(axis=0))
        means = observed_means(values, ~np.isnan(values))
        return np.where(np.isnan(means), self._means, means)

    def _model(self) -> dict[str, Any]:
        return {"rows": self._rows, "values": self._values}

    def _take_up(self, model: State) -> None:
        self._rows, self._values = model["rows"], model["values"]
        self._derive()


def nearest(similarity: Floats, k: int) -> NDArray[np.int64]:
    """The k rows of highest similarity; the earlier ones where the last place is tied."""
    n = len(similarity)
    if n <= k:
        return np.arange(n)
    bound = np.partition(similarity, n - k)[n - k]
    above = np.flatnonzero(similarity > bound)
    tied = np.flatnonzero(similarity == bound)[: k - len(above)]
    return np.sort(np.concatenate([above, tied]))
