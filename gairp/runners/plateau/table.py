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
from gairp.runners.plateau.cell import Cell
from gairp.types import Floats


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


def plateau_table(cells: Sequence[Cell], pool: Pool, *, draws: int, seed: int) -> pd.DataFrame:
    """A row a router, the largest gain first; p-values are Holm-corrected over the routers."""
    boot = TwoWayBootstrap(
        pool.groups, n_seeds=len(pool.tests), rng=np.random.default_rng(seed), draws=draws
    )
    names = list(dict.fromkeys(cell.router for cell in cells))
    frame = pd.DataFrame(_row(n, [c for c in cells if c.router == n], pool, boot) for n in names)
    frame["p_value"] = holm(frame["p_value"].to_numpy())
    significant = frame["p_value"] <= 0.05
    frame["verdict"] = "no difference"
    frame.loc[significant & (frame["gain_low"] > 0), "verdict"] = "gain"
    frame.loc[significant & (frame["gain_high"] < 0), "verdict"] = "loss"
    return frame.sort_values(["gain", "router"], ascending=[False, True]).reset_index(drop=True)


def _row(name: str, cells: Sequence[Cell], pool: Pool, boot: TwoWayBootstrap) -> dict[str, object]:
    n, splits = len(pool.groups), len(pool.tests)
    tables = np.full((2, splits, n), np.nan)
    for cell in cells:
        rows = pool.tests[cell.split]
        tables[0, cell.split, rows], tables[1, cell.split, rows] = cell.quality, cell.cost_usd
    means = boot.means(tables, np.hstack([pool.cost_usd, pool.quality]))
    gain = _gain(means.point, means.column_point)
    gains = Estimate.from_draws(float(gain), _gain(means.draws, means.column_draws))
    oracle = pool.oracle()
    return {
        "router": name,
        "quality": means.point[0],
        "cost_usd_per_1k": 1000.0 * means.point[1],
        "gain": gains.point,
        "gain_low": gains.low,
        "gain_high": gains.high,
        "p_value": p_value(gains.draws),
        "aiq": float(np.mean([cell.aiq for cell in cells])),
        "short_of_oracle": oracle - means.point[0],
    }


def _gain(means: Floats, arms: Floats) -> Floats:
    k = arms.shape[-1] // 2
    return gain_at_equal_cost(means[..., 1], means[..., 0], arms[..., :k], arms[..., k:])
