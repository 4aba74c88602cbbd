"""True utility above the best fixed model at each level, and the level at which it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import Estimate, p_value, percentile_interval
from gairp.types import Floats

Case = tuple[str, str, float]  #: judge, learner, level


class Judged(NamedTuple):
    """One run over the reported prompts, in the order in which they came."""

    row: NDArray[np.int64]  #: [n]
    utility: Floats  #: [n], by the true quality
    wrong: Floats  #: [n], how far what the learner was told was from the truth


class Tables:
    """The same bootstrap draws for every case; arms: [n, k], true utility by reported row."""

    def __init__(
        self,
        rows: NDArray[np.int64],
        arms: Floats,
        groups: NDArray[np.int64],
        *,
        seeds: int,
        draws: int,
    ) -> None:
        self.rows, self.arms = rows, arms
        self.boot = TwoWayBootstrap(
            groups, n_seeds=seeds, rng=np.random.default_rng(0), draws=draws
        )

    def gain(self, found: Sequence[Judged]) -> tuple[float, Estimate]:
        """Mean utility, and that above the best fixed arm, which is chosen anew in each draw."""
        table = np.empty((len(found), len(self.rows)))
        for seed, run in enumerate(found):
            table[seed, np.searchsorted(self.rows, run.row)] = run.utility
        means = self.boot.means(table, self.arms)
        point = float(means.point[0] - means.column_point.max())
        draws = means.draws[:, 0] - means.column_draws.max(axis=1)
        return float(means.point[0]), Estimate.from_draws(point, draws)

    def both(self, runs: Mapping[Case, Sequence[Judged]]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """A row a case, and a row a judge and learner: at which level the gain ends."""
        rows: list[dict[str, Any]] = []
        curves: dict[tuple[str, str], list[tuple[float, Estimate]]] = {}
        for (judge, learner, level), found in runs.items():
            worth, gain = self.gain(found)
            curves.setdefault((judge, learner), []).append((level, gain))
            error = np.mean([run.wrong.mean() for run in found])
            rows.append({
                "judge": judge, "learner": learner, "level": level, "told_error": float(error),
                "utility": worth, "gain": gain.point, "gain_low": gain.low,
                "gain_high": gain.high, "p_value": p_value(gain.draws),
            })  # fmt: skip
        ends = [_end(*names, curve) for names, curve in curves.items()]
        return pd.DataFrame(rows), pd.DataFrame(ends)


def _end(judge: str, learner: str, curve: Sequence[tuple[float, Estimate]]) -> dict[str, Any]:
    levels = np.array([level for level, _ in curve])
    draws = np.array([gain.draws for _, gain in curve])  # [L, B]
    ends = [break_even(levels, one) for one in draws.T]
    low, high = percentile_interval(ends)
    clear = [level for level, gain in curve if gain.low > 0]
    worse = [level for level, gain in curve if gain.high < 0]
    return {
        "judge": judge, "learner": learner,
        "break_even": break_even(levels, np.array([gain.point for _, gain in curve])),
        "low": low, "high": high,
        "better_up_to": max(clear, default=np.nan), "worse_from": min(worse, default=np.nan),
    }  # fmt: skip


def break_even(levels: Floats, gains: Floats) -> float:
    """The least level at which the gain is 0, between levels by a line; inf where none is.

    levels: [L], ascending. 0 where there is no gain at the first of them.
    """
    below = np.flatnonzero(gains <= 0)
    if not len(below):
        return float("inf")
    at = int(below[0])
    if at == 0:
        return float(levels[0])
    share = gains[at - 1] / (gains[at - 1] - gains[at])
    return float(levels[at - 1] + share * (levels[at] - levels[at - 1]))
