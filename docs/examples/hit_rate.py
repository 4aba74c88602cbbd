"""Hit rate: how often was the chosen arm as good as the best one for that prompt?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gairp.metrics.arrays import Floats
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.compare import estimate_mean
from gairp.metrics.interval import Estimate
from gairp.report.compared import compare
from gairp.report.folder import load_study


def hits(utility: Floats, arm_utility: Floats) -> Floats:
    """[S, n] of 0 and 1, from utilities [S, n] of the choices and [n, k] of all arms."""
    best = arm_utility.max(axis=1)
    return np.where(np.isnan(utility), np.nan, (utility >= best - 1e-9).astype(np.float64))


def hit_rates(folder: Path, *, draws: int = 1000, seed: int = 0) -> dict[str, Estimate]:
    """The hit rate of every policy of a study, with its two-way bootstrap interval."""
    compared = compare(load_study(folder))
    rates = {}
    for policy, runs in compared.runs.items():
        quality, cost, latency = (
            compared.table(runs, name) for name in ("quality", "cost_usd", "latency_s")
        )
        chosen = compared.utility.of_arrays(quality, cost, latency)
        bootstrap = TwoWayBootstrap(
            compared.pool.groups, n_seeds=len(runs), rng=np.random.default_rng(seed), draws=draws
        )
        rates[policy] = estimate_mean(hits(chosen, compared.arm_utility), bootstrap)
    return rates
