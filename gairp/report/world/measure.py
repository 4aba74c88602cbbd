"""Means with intervals: prompts and seeds are drawn anew, crossed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.compare import compare_means, estimate_mean
from gairp.metrics.interval import Estimate
from gairp.report.world.study import WorldRun, WorldStudy
from gairp.types import Floats


class Measure:
    """The same draws for every figure of a study."""

    def __init__(self, study: WorldStudy, *, draws: int, seed: int) -> None:
        self.study, self.draws, self.seed = study, draws, seed
        self._served = np.unique(np.concatenate([run["row"] for run in study.runs]))
        self._bootstraps: dict[int, TwoWayBootstrap] = {}

    def mean(self, runs: Sequence[WorldRun], values: Sequence[Floats]) -> Estimate:
        """Mean over requests of a quantity, one array [m] a run; NaN is left out."""
        table = self._table(runs, values)
        if np.isnan(table).all():
            return Estimate(np.nan, np.nan, np.nan, np.array([np.nan]))
        return estimate_mean(table, self._bootstrap(len(runs)))

    def gain(self, runs: Sequence[WorldRun], over: Sequence[WorldRun]) -> tuple[Estimate, float]:
        """Utility of one policy above another's, on the same requests; and its p-value."""
        mine = self._table(runs, [run["utility"] for run in runs])
        theirs = self._table(over, [run["utility"] for run in over])
        return compare_means(mine, theirs, self._bootstrap(len(runs)))

    def _table(self, runs: Sequence[WorldRun], values: Sequence[Floats]) -> Floats:
        """[S, n]; the mean where a prompt was served more than once."""
        n, rows = len(self._served), []
        for run, value in zip(runs, values, strict=True):
            known = ~np.isnan(value)
            place = np.searchsorted(self._served, run["row"][known])
            with np.errstate(invalid="ignore"):
                rows.append(np.bincount(place, value[known], n) / np.bincount(place, None, n))
        return np.stack(rows)

    def _bootstrap(self, seeds: int) -> TwoWayBootstrap:
        if seeds not in self._bootstraps:
            self._bootstraps[seeds] = TwoWayBootstrap(
                self.study.groups[self._served], n_seeds=seeds,
                rng=np.random.default_rng(self.seed), draws=self.draws,
            )  # fmt: skip
        return self._bootstraps[seeds]
