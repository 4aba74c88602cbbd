"""Cluster the prompts, and know how good every arm is in each cluster."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.training import observed_means
from gairp.rewards import Utility


class Cluster(LearnedRouter):
    """Quality = the arm's mean in the clusters nearest to the prompt.

    Zhang et al. (2025), "The Avengers", and "Beyond GPT-5" (Avengers-Pro), which sums over several
    near clusters. Clusters are k-means (Lloyd 1982) of the features. Means of small clusters are
    drawn to the arm's mean on all of train.

    clusters: at most, of the training rows.
    nearest: clusters that are asked, each counting the same.
    prior: training rows that the overall mean counts as in each cluster.
    """

    def __init__(
        self,
        *,
        clusters: int = 32,
        nearest: int = 1,
        prior: float = 5.0,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if clusters < 1 or nearest < 1 or not 0 <= prior < np.inf:
            raise ConfigError(
                "cluster needs clusters and nearest of at least 1 and prior >= 0; got "
                f"{clusters}, {nearest} and {prior}"
            )
        self.clusters, self.nearest, self.prior = int(clusters), int(nearest), float(prior)
        self._centres = np.empty((0, 0))  # [clusters, d]
        self._half = np.empty(0)  # [clusters], half the squared length of each centre
        self._means = np.empty((0, 0))  # [clusters, arms]

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        from sklearn.cluster import KMeans

        grouping = KMeans(
            n_clusters=min(self.clusters, len(x)), n_init=1, random_state=int(rng.integers(2**31))
        )
        with warnings.catch_warnings():
            # Fewer distinct prompts than clusters: some stay empty, and get the overall mean.
            warnings.simplefilter("ignore")
            label = grouping.fit(x).labels_
        member = np.eye(len(grouping.cluster_centers_))[label]  # [n, clusters]
        sums = member.T @ np.where(observed, y, 0.0)
        counts = member.T @ observed
        overall = observed_means(y, observed)
        weight = np.maximum(counts + self.prior, 1e-9)
        means = (sums + self.prior * overall) / weight
        self._means = np.where(counts + self.prior > 0, means, overall)
        self._centres = np.asarray(grouping.cluster_centers_, dtype=np.float64)
        self._derive()

    def _derive(self) -> None:
        self._half = (self._centres**2).sum(axis=1) / 2.0

    def _predict(self, x: Floats) -> Floats:
        away = self._half - x @ self._centres.T  # half the squared distance, less |x|²/2
        if self.nearest == 1:
            return np.asarray(self._means[away.argmin(axis=1)])
        near = np.argsort(away, axis=1, kind="stable")[:, : self.nearest]
        return np.asarray(self._means[near].mean(axis=1))

    def _model(self) -> dict[str, Any]:
        return {"centres": self._centres, "means": self._means}

    def _take_up(self, model: State) -> None:
        self._centres, self._means = model["centres"], model["means"]
        self._derive()
