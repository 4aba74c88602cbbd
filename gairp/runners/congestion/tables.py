"""Waiting and quality at every load, a row a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import Estimate, percentile_interval
from gairp.runners.congestion.bench import Served
from gairp.types import Floats

Case = tuple[str, float, str]  #: arrivals, load, policy


class Tables:
    """The same bootstrap draws for every row; `rows` and `groups` are of the test prompts."""

    def __init__(
        self, rows: NDArray[np.int64], groups: NDArray[np.int64], *, seeds: int, draws: int
    ) -> None:
        self.rows, self.draws = rows, draws
        self.boot = TwoWayBootstrap(
            groups, n_seeds=seeds, rng=np.random.default_rng(0), draws=draws
        )
        self._seeds = np.random.default_rng(1).integers(seeds, size=(draws, seeds))

    def summary(self, runs: Mapping[Case, Sequence[Served]], baseline: str) -> pd.DataFrame:
        """A row a case, against the baseline at the same arrivals."""
        return pd.DataFrame(
            self._row(case, found, runs[case[0], case[1], baseline]) for case, found in runs.items()
        )

    def _row(self, case: Case, found: Sequence[Served], base: Sequence[Served]) -> dict[str, Any]:
        mine, theirs = (self._by_prompt(one) for one in (found, base))
        means = self.boot.means(np.stack([mine, theirs]))
        loss = Estimate.from_draws(
            float(means.point[1] - means.point[0]), means.draws[:, 1] - means.draws[:, 0]
        )
        ratio = self._ratio(found, base)
        return {
            "arrivals": case[0], "load": case[1], "policy": case[2],
            "ttft_p50_s": _quantile(found, 0.5).mean(), "ttft_p95_s": _quantile(found, 0.95).mean(),
            "p95_ratio": ratio.point, "p95_ratio_low": ratio.low, "p95_ratio_high": ratio.high,
            "latency_p95_s": _quantile(found, 0.95, "latency_s").mean(),
            "quality": means.point[0],
            "quality_loss": loss.point, "loss_low": loss.low, "loss_high": loss.high,
        }  # fmt: skip

    def _by_prompt(self, found: Sequence[Served]) -> Floats:
        """Mean quality [seeds, n] of each prompt; NaN for one that only warmed up."""
        n, out = len(self.rows), []
        for run in found:
            place = np.searchsorted(self.rows, run.row)
            with np.errstate(invalid="ignore"):
                out.append(np.bincount(place, run.quality, n) / np.bincount(place, None, n))
        return np.array(out)

    def _ratio(self, found: Sequence[Served], base: Sequence[Served]) -> Estimate:
        """Of the mean 95th percentiles of the time to first token; seeds are drawn anew."""
        mine, theirs = _quantile(found, 0.95), _quantile(base, 0.95)
        draws = mine[self._seeds].mean(axis=1) / theirs[self._seeds].mean(axis=1)
        low, high = percentile_interval(draws)
        return Estimate(float(mine.mean() / theirs.mean()), low, high, draws)


def _quantile(found: Sequence[Served], share: float, name: str = "first_token_s") -> Floats:
    """[seeds]."""
    return np.array([np.quantile(getattr(run, name), share) for run in found])


def arm_shares(runs: Mapping[Case, Sequence[Served]], arms: Sequence[str]) -> pd.DataFrame:
    """Share of the requests that each arm answered, a row a case."""
    rows = []
    for (arrivals, load, policy), found in runs.items():
        taken = np.concatenate([run.arm for run in found])
        shares = {arm: float((taken == i).mean()) for i, arm in enumerate(arms)}
        rows.append({"arrivals": arrivals, "load": load, "policy": policy, **shares})
    return pd.DataFrame(rows)
