"""Figures of one run, for the tracking store: final values and curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gairp.metrics.calibration import brier_score, expected_calibration_error
from gairp.metrics.quantiles import LATENCY_PROBABILITIES, weighted_quantiles
from gairp.metrics.regret import cumulative_regret
from gairp.metrics.selection import best_fixed
from gairp.report.compared import answered_by_all, coverage, restrict, take, utility_of_arms
from gairp.report.study import Floats, Pool, Run, Study
from gairp.report.sweep import aiq_of_run
from gairp.rewards import Utility

Curves = dict[str, list[tuple[int, float]]]


def run_metrics(study: Study, run: Run) -> dict[str, float]:
    """The run's final figures; a quantity that the source lacks is absent.

    Names: quality, cost_usd_per_1k (or strong_share, by the study's unit), latency_p50_s,
    latency_p95_s, latency_p99_s, regret_best_fixed and regret_oracle (Σ utility), aiq (with a
    sweep of five cost weights on the same policy and seed), brier and calibration_error (of what a
    learned router predicted) and coverage. All but coverage are
    over the prompts that this run and every arm answered; the summary's are over those that all
    runs answered, which differs only where something was refused or not recorded.
    """
    values: dict[str, Any] = {"coverage": coverage(run, study.pool)}
    seen = _Seen.of(study, run)
    if seen is None:
        return values
    p50, p95, p99 = weighted_quantiles(seen.run.latency_s, LATENCY_PROBABILITIES)
    values |= {name: float(series[-1]) for name, series in seen.series().items()}
    values |= {"latency_p50_s": p50, "latency_p95_s": p95, "latency_p99_s": p99}
    values["aiq"] = _aiq(study, run, seen)
    if seen.run.predicted is not None:
        known = seen.run.predicted.ravel(), seen.pool.quality[seen.run.rows].ravel()
        values["brier"] = brier_score(*known)
        values["calibration_error"] = expected_calibration_error(*known)
    return {name: float(value) for name, value in values.items() if not np.isnan(value)}


def run_curves(study: Study, run: Run, points: int = 100) -> Curves:
    """How the figures came about: name -> [(requests compared so far, value)].

    The names are those of `run_metrics`, whose values the curves end at: the mean quality and
    cost so far, and the cumulative regrets.
    """
    seen = _Seen.of(study, run)
    if seen is None:
        return {}
    m = len(seen.run.rows)
    steps = np.unique(np.ceil(np.arange(1, points + 1) * m / points).astype(np.int64))
    return {
        name: [(int(step), float(series[step - 1])) for step in steps]
        for name, series in seen.series().items()
        if not np.isnan(series).any()
    }


@dataclass(frozen=True, slots=True)
class _Seen:
    """One run on the prompts that it and every arm answered."""

    pool: Pool
    run: Run
    utility: Utility
    cost_name: str
    per: float

    @classmethod
    def of(cls, study: Study, run: Run) -> _Seen | None:
        """None where nothing is left."""
        keep = answered_by_all(study.pool, [run])
        if not len(keep):
            return None
        dollars = study.cost_unit.startswith("USD")
        return cls(
            pool=take(study.pool, keep),
            run=restrict(run, keep),
            utility=Utility(**study.utility),
            cost_name="cost_usd_per_1k" if dollars else "strong_share",
            per=1000.0 if dollars else 1.0,
        )

    def series(self) -> Mapping[str, Floats]:
        """Each figure [m] as it stood after each request."""
        run, pool = self.run, self.pool
        served = np.arange(1, len(run.rows) + 1)
        by_arm = utility_of_arms(pool, self.utility)
        worth = self.utility.of_arrays(run.quality, run.cost_usd, run.latency_s)
        best = by_arm[:, best_fixed(by_arm, pool.cost_usd)]
        regrets = {
            "regret_best_fixed": cumulative_regret(worth, best[run.rows]),
            "regret_oracle": cumulative_regret(worth, by_arm.max(axis=1)[run.rows]),
        }
        return {
            "quality": np.cumsum(run.quality) / served,
            self.cost_name: self.per * np.cumsum(run.cost_usd) / served,
            # A request whose worth is unknown would add nothing: then there is no regret to tell.
            **({} if np.isnan(worth).any() else regrets),
        }


def _aiq(study: Study, run: Run, seen: _Seen) -> float:
    """NaN without a sweep on the run's policy and seed, and for the sweep's own runs."""
    own_weight = seen.utility.cost_weight
    if seen.pool.cost_usd is None or run.cost_weight is not None:
        return float("nan")
    mates = [
        other
        for other in study.sweep
        if other.policy == run.policy and other.seed == run.seed and other.cost_weight != own_weight
    ]
    points = [
        (float(one.cost_usd.mean()), float(one.quality.mean()))
        for one in (restrict(r, answered_by_all(study.pool, [r])) for r in (*mates, run))
        if len(one.rows)
    ]
    if np.isnan(np.array(points)).any():
        return float("nan")
    return aiq_of_run(points, seen.pool.cost_usd.mean(axis=0))
