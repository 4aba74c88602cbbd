"""Every router against the best fixed mix at equal cost, and how far from the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gairp.metrics.aiq import aiq
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.equal import gain_at_equal_cost
from gairp.metrics.holm import holm
from gairp.metrics.hull import frontier_quality
from gairp.metrics.interval import Estimate, p_value
from gairp.report.comparison.contest import Contest
from gairp.runners.plateau.cell import Cell
from gairp.types import Floats

MIX = "best fixed mix"


@dataclass(frozen=True, slots=True)
class Pool:
    """All prompts of the trace, and which of them each split tests."""

    quality: Floats  #: [n, k]
    cost_usd: Floats  #: [n, k]
    groups: NDArray[np.int64]  #: [n]
    tests: Sequence[NDArray[np.int64]]  #: a split: its rows

    def oracle(self) -> float:
        """Mean quality of each prompt's best arm, over what the splits test."""
        best = self.quality.max(axis=1)
        return float(np.mean([best[rows].mean() for rows in self.tests]))

    def best_fixed(self) -> float:
        """Mean quality of the arm that is best over what the splits test."""
        return float(
            np.mean([self.quality[rows].mean(axis=0) for rows in self.tests], axis=0).max()
        )

    def mix_aiq(self) -> float:
        """AIQ of mixing fixed arms, its shares in hindsight."""
        areas = []
        for rows in self.tests:
            cost, value = self.cost_usd[rows].mean(axis=0), self.quality[rows].mean(axis=0)
            at = np.linspace(cost.min(), cost.max(), 400)
            areas.append(
                aiq(at, frontier_quality(cost, value, at), c_min=cost.min(), c_max=cost.max())
            )
        return float(np.mean(areas))


@dataclass(frozen=True, slots=True)
class Table:
    """All routers: against the best fixed mix, and against each other."""

    frame: pd.DataFrame  #: a row a router, the largest gain first
    contest: Contest  #: every pair, the mix included; ranks over the splits


def plateau_table(cells: Sequence[Cell], pool: Pool, *, draws: int, seed: int) -> Table:
    """Gains, Holm-corrected over the routers; pairs, over all pairs of routers and mix."""
    names = tuple(dict.fromkeys(cell.router for cell in cells))
    boot = TwoWayBootstrap(
        pool.groups, n_seeds=len(pool.tests), rng=np.random.default_rng(seed), draws=draws
    )
    tables = _tables(names, cells, pool)
    means = boot.means(tables, np.hstack([pool.cost_usd, pool.quality]))
    gains, drawn = _gains(means.point, means.column_point), _gains(means.draws, means.column_draws)
    estimates = [Estimate.from_draws(float(g), drawn[:, i]) for i, g in enumerate(gains)]
    aiqs = [float(np.mean([c.aiq for c in cells if c.router == name])) for name in names]
    frame = pd.DataFrame(
        {
            "router": names,
            "quality": means.point[: len(names)],
            "cost_usd_per_1k": 1000.0 * means.point[len(names) :],
            "gain": gains,
            "gain_low": [e.low for e in estimates],
            "gain_high": [e.high for e in estimates],
            "p_value": holm([p_value(e.draws) for e in estimates]),
            "aiq": aiqs,
            "short_of_oracle": pool.oracle() - means.point[: len(names)],
        }
    )
    contest = Contest.of(
        (*names, MIX), np.append(gains, 0.0), _with_mix(drawn), _with_mix(_by_split(tables, pool))
    )
    return Table(_judged(frame), contest)


def _judged(frame: pd.DataFrame) -> pd.DataFrame:
    significant = frame["p_value"] <= 0.05
    frame["verdict"] = "no difference"
    frame.loc[significant & (frame["gain_low"] > 0), "verdict"] = "gain"
    frame.loc[significant & (frame["gain_high"] < 0), "verdict"] = "loss"
    return frame.sort_values(["gain", "router"], ascending=[False, True]).reset_index(drop=True)


def _tables(names: Sequence[str], cells: Sequence[Cell], pool: Pool) -> Floats:
    """[2k, splits, n]: every router's quality, then every router's cost; NaN beside a test."""
    n, k = len(pool.groups), len(names)
    tables = np.full((2 * k, len(pool.tests), n), np.nan)
    for cell in cells:
        rows, i = pool.tests[cell.split], names.index(cell.router)
        tables[i, cell.split, rows], tables[k + i, cell.split, rows] = cell.quality, cell.cost_usd
    return tables


def _by_split(tables: Floats, pool: Pool) -> Floats:
    """[splits, k], the gains on each split's test alone."""
    rows = []
    for split, test in enumerate(pool.tests):
        arms = np.append(pool.cost_usd[test].mean(axis=0), pool.quality[test].mean(axis=0))
        rows.append(_gains(tables[:, split, test].mean(axis=1), arms))
    return np.array(rows)


def _gains(means: Floats, arms: Floats) -> Floats:
    """[..., k] from means [..., 2k] and the arms' [..., 2 · arms], costs first."""
    k, half = means.shape[-1] // 2, arms.shape[-1] // 2
    costs, qualities = arms[..., None, :half], arms[..., None, half:]
    return gain_at_equal_cost(means[..., k:], means[..., :k], costs, qualities)


def _with_mix(gains: Floats) -> Floats:
    """One more column: the mix gains nothing over itself."""
    return np.concatenate([gains, np.zeros((len(gains), 1))], axis=1)
