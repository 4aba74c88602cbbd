"""Nearest neighbours: what did each arm do on the training prompts most like this one?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, FeatureError, NotFittedError
from gairp.policies.arms import ArmIndex
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.training import check_features, observed_means, of_candidates, train_utility
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet


class KNN(GreedyPolicy):
    """Score = the arm's mean utility over those of the k nearest training rows that observed it.

    Nearest by cosine similarity; of equally similar rows the earlier ones count. An arm that none
    of the k rows observed scores its mean over all training rows, and so do all arms for features
    that are all zero, which point nowhere. An arm that the training rows do not hold is taken only
    where they hold no candidate at all; then the cheapest is. Raises NotFittedError before `fit`.
    """

    reads_features = True

    def __init__(
        self, *, k: int = 50, utility: Utility | None = None, name: str | None = None
    ) -> None:
        super().__init__(utility=utility, name=name)
        if k < 1:
            raise ConfigError(f"knn.k is {k}; give at least 1 neighbour")
        self.k = int(k)
        self._arms = ArmIndex()
        self._rows = np.empty((0, 0))  # [n, d], each of length 1 (or 0)
        self._utility = np.empty((0, 0))  # [n, arms], NaN where unobserved
        self._derive()

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Keep the training rows; `rng` is not used.

        Raises FeatureError for features that are not finite, and what `train_utility` raises.
        """
        check_features(train.features)
        utility = train_utility(self.utility, train)
        seen = np.flatnonzero(train.observed.any(axis=0))
        self._arms = ArmIndex(tuple(train.arms[i] for i in seen))
        self._utility = np.ascontiguousarray(utility[:, seen])
        norms = np.linalg.norm(train.features, axis=1, keepdims=True)
        self._rows = np.ascontiguousarray(train.features / np.where(norms > 0, norms, 1.0))
        self._derive()

    def _derive(self) -> None:
        observed = ~np.isnan(self._utility)
        self._means = observed_means(self._utility, observed)
        self._complete = bool(observed.all())

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the training rows hold, in the order of `estimates`."""
        return self._arms.names

    def estimates(self, features: Floats) -> Floats:
        """Expected utilities [n, arms] of many prompts at once, features [n, d]."""
        values = np.empty((len(features), len(self._arms)))
        for start in range(0, len(features), 256):
            block = features[start : start + 256]
            for i, similarity in enumerate(block @ self._rows.T, start):
                values[i] = self._estimate(similarity, features[i])
        return values

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        x = context.features
        if not len(self._rows):
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        if len(x) != self._rows.shape[1]:
            raise FeatureError(
                f"policy {self.name!r} was fitted on {self._rows.shape[1]} features and is given "
                f"{len(x)}; use the feature builder that it was trained with"
            )
        values = self._estimate(self._rows.dot(x), x)
        return of_candidates(values, self._arms, context.candidates)

    def _estimate(self, similarity: Floats, x: Floats) -> Floats:
        if not x.any():
            return self._means
        values = self._utility[nearest(similarity, self.k)]
        if self._complete:
            return np.asarray(values.mean(axis=0))
        means = observed_means(values, ~np.isnan(values))
        return np.where(np.isnan(means), self._means, means)

    def _state(self) -> State:
        return {"arms": list(self._arms.names), "rows": self._rows, "utility": self._utility}

    def _restore(self, state: State) -> None:
        self._arms = ArmIndex(tuple(state["arms"]))
        self._rows, self._utility = state["rows"], state["utility"]
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
