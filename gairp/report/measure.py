"""Measures policies and reference points, all on the same bootstrap draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gairp.errors import DataError
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.compare import compare_means, compare_with_mix, estimate_mean
from gairp.metrics.interval import Estimate
from gairp.metrics.quantiles import weighted_quantiles
from gairp.report import reference
from gairp.report.compared import ZERO_ROUTER, Compared
from gairp.report.reference import Reference
from gairp.report.row import NAN, UNKNOWN, Kind, Row
from gairp.report.study import Floats, Run
from gairp.report.sweep import aiq_of_mix, aiq_of_policy

BEST_MIX = "best fixed mix at equal cost"


class Measure:
    """Turns runs and reference points into rows."""

    def __init__(self, compared: Compared, *, draws: int, seed: int) -> None:
        self.compared, self.pool = compared, compared.pool
        self.draws, self.seed = draws, seed
        self.mix = reference.mix(compared)
        self.best_fixed = reference.best_fixed_arm(compared)
        self.on_train = reference.best_on_train_arm(compared)
        self._best_fixed_utility = compared.arm_utility[:, self.best_fixed]
        self._oracle_utility = compared.arm_utility.max(axis=1)
        self._bootstraps: dict[int, TwoWayBootstrap] = {}

    @property
    def against(self) -> str:
        """What the gains are over, in words."""
        if self.mix is not None:
            return BEST_MIX
        return f"fixed arm best on train ({self.pool.arms[self.on_train]})"

    def policy(self, name: str) -> Row:
        """The row of a policy that was run."""
        compared, runs = self.compared, self.compared.runs[name]
        arms = np.concatenate([run.arms for run in runs])
        row = self._row(
            name,
            compared.kind(name),
            quality=compared.table(runs, "quality"),
            cost=compared.table(runs, "cost_usd"),
            coverage=compared.coverage[name],
            shares=np.bincount(arms, minlength=len(self.pool.arms)) / len(arms),
        )
        return replace(
            row,
            seeds=len(runs),
            latency_s=_quantiles(np.concatenate([run.latency_s for run in runs])),
            regret_best_fixed=self._regret(runs, self._best_fixed_utility),
            regret_oracle=self._regret(runs, self._oracle_utility),
            aiq=UNKNOWN if self.mix is None else aiq_of_policy(compared, name, self.bootstrap),
        )

    def reference(self, point: Reference) -> Row:
        """The row of a reference point; the mix has no gain over itself."""
        pool = self.pool
        quality = point.mean(pool.quality)[None]
        cost = np.full_like(quality, NAN) if pool.cost_usd is None else point.mean(pool.cost_usd)
        row = self._row(
            point.name,
            "comparator",
            quality=quality,
            cost=np.atleast_2d(cost),
            coverage=point.coverage,
            shares=point.weights.mean(axis=0),
        )
        if point.name == ZERO_ROUTER:
            row = replace(row, gain=UNKNOWN, saving=UNKNOWN, aiq=self._aiq_of_mix())
        worth = point.mean(self.compared.arm_utility)
        return replace(
            row,
            what=point.what,
            p_value=NAN,
            latency_s=_quantiles(pool.latency_s, point.weights),
            regret_best_fixed=float((self._best_fixed_utility - worth).sum()),
            regret_oracle=float((self._oracle_utility - worth).sum()),
        )

    def bootstrap(self, n_seeds: int) -> TwoWayBootstrap:
        """The draws for this many seeds; prompts are drawn the same whatever their number."""
        if n_seeds not in self._bootstraps:
            groups = self.pool.groups
            if len(np.unique(groups)) < 2:
                raise DataError(
                    f"study {self.compared.study.name!r}: the {len(groups)} compared prompt(s) "
                    "are one group of near-duplicates, so no interval can be had; report more"
                )
            self._bootstraps[n_seeds] = TwoWayBootstrap(
                groups, n_seeds=n_seeds, rng=np.random.default_rng(self.seed), draws=self.draws
            )
        return self._bootstraps[n_seeds]

    def _row(
        self,
        name: str,
        kind: Kind,
        *,
        quality: Floats,
        cost: Floats,
        coverage: float,
        shares: Floats,
    ) -> Row:
        """What both kinds share; quality, cost: [S, n]."""
        bootstrap = self.bootstrap(len(quality))
        row = Row(
            policy=name,
            kind=kind,
            quality=estimate_mean(quality, bootstrap),
            cost=UNKNOWN,
            coverage=coverage,
            shares=shares,
        )
        if not np.isnan(cost).any():
            row = replace(row, cost=estimate_mean(cost * self.compared.per, bootstrap))
        return self._with_gain(row, quality, cost, bootstrap)

    def _with_gain(
        self, row: Row, quality: Floats, cost: Floats, bootstrap: TwoWayBootstrap
    ) -> Row:
        pool = self.pool
        if self.mix is None or pool.cost_usd is None:
            reference_quality = pool.quality[:, self.on_train]
            gain, p_value = compare_means(quality, reference_quality, bootstrap)
            return replace(row, gain=gain, p_value=p_value)
        found = compare_with_mix(
            quality, cost, pool.quality, pool.cost_usd, self.mix.vertices, bootstrap
        )
        return replace(
            row,
            gain=found.gain,
            p_value=found.p_value,
            saving=found.saving,
            feasible=found.feasible,
        )

    def _regret(self, runs: Sequence[Run], comparator: Floats) -> float:
        sums = [(comparator[run.rows] - self.compared.utility_of(run)).sum() for run in runs]
        return float(np.mean(sums))

    def _aiq_of_mix(self) -> Estimate:
        pool = self.pool
        if self.mix is None or pool.cost_usd is None or not self.compared.sweep:
            return UNKNOWN
        return aiq_of_mix(self.mix, pool.quality, pool.cost_usd, self.bootstrap(1))


def _quantiles(values: Floats | None, weights: Floats | None = None) -> tuple[float, float, float]:
    if values is None:
        return NAN, NAN, NAN
    p50, p95, p99 = weighted_quantiles(values, weights=weights)
    return float(p50), float(p95), float(p99)
