"""Cascades and routers at equal cost: over the whole range of costs, on the same draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gairp.metrics.aiq import aiq
from gairp.metrics.bootstrap import Means, TwoWayBootstrap
from gairp.metrics.holm import holm
from gairp.metrics.hull import frontier_quality
from gairp.metrics.interval import Estimate, p_value
from gairp.runners.cascades.curve import Curve
from gairp.types import Floats

Curves = Mapping[str, Sequence[Curve]]  #: by method, a curve a split


@dataclass(frozen=True, slots=True)
class Prompts:
    """All prompts of the trace, and which of them each split tests."""

    quality: Floats  #: [n, k], of the plain arms
    cost_usd: Floats  #: [n, k]
    groups: NDArray[np.int64]  #: [n]
    tests: Sequence[NDArray[np.int64]]  #: a split: its rows


class Comparison:
    """The average quality of every method over the range of the plain arms' costs (AIQ).

    A curve is the best mix of the method's own operating points; the fixed arms' is their best mix
    in hindsight. Curves and range are made anew in each draw of a two-way bootstrap over groups of
    near-duplicate prompts and splits.
    """

    def __init__(self, curves: Curves, prompts: Prompts, *, draws: int, seed: int) -> None:
        self.curves, self.prompts = curves, prompts
        self._k = prompts.quality.shape[1]
        self._means = self._drawn(draws, seed)

    def table(self, kinds: Mapping[str, str]) -> pd.DataFrame:
        """A row a method. kinds: method -> router, cascade or other (not tested against routers).

        The reference is the router of largest AIQ on validation; the p-values of the cascades'
        differences to it are Holm-corrected.
        """
        reference = self.reference(kinds)
        frame = pd.DataFrame(self._row(name, kinds[name], reference) for name in self.curves)
        frame["p_value"] = np.nan
        rows = (frame["kind"] == "cascade").to_numpy()
        raw = [p_value(self._area(n)[1:] - self._area(reference)[1:]) for n in frame["method"]]
        frame.loc[rows, "p_value"] = holm(np.array(raw)[rows])
        frame["verdict"] = ""
        clear = rows & (frame["p_value"] <= 0.05)
        frame.loc[rows, "verdict"] = "no difference"
        frame.loc[clear & (frame["over_router_low"] > 0), "verdict"] = "gain"
        frame.loc[clear & (frame["over_router_high"] < 0), "verdict"] = "loss"
        return frame.sort_values(["aiq", "method"], ascending=[False, True]).reset_index(drop=True)

    def reference(self, kinds: Mapping[str, str]) -> str:
        """The router that validation says is best."""
        routers = [name for name in self.curves if kinds[name] == "router"]
        return max(routers, key=lambda n: np.mean([c.validation_aiq for c in self.curves[n]]))

    def points(self, name: str) -> tuple[Floats, Floats]:
        """Mean cost and quality at each weight [w], over all splits."""
        at = self._at(name)
        return self._means.point[at[0]], self._means.point[at[1]]

    def arms(self) -> tuple[Floats, Floats]:
        """Mean cost and quality of the plain arms [k], over what the splits test."""
        return self._means.column_point[: self._k], self._means.column_point[self._k : 2 * self._k]

    def oracle(self) -> float:
        """Mean quality of each prompt's best arm."""
        return float(self._means.column_point[-1])

    # -- draws ----------------------------------------------------------------------------

    def _drawn(self, draws: int, seed: int) -> Means:
        prompts = self.prompts
        splits, n = len(prompts.tests), len(prompts.groups)
        tables = []
        for curves in self.curves.values():
            for field in ("cost_usd", "quality"):
                wide = np.full((len(curves[0].attempts), splits, n), np.nan)
                for split, curve in enumerate(curves):
                    wide[:, split, prompts.tests[split]] = getattr(curve, field)
                tables.append(wide)
        best = prompts.quality.max(axis=1, keepdims=True)
        boot = TwoWayBootstrap(
            prompts.groups, n_seeds=splits, rng=np.random.default_rng(seed), draws=draws
        )
        columns = np.hstack([prompts.cost_usd, prompts.quality, best])
        return boot.means(np.concatenate(tables), columns)

    def _at(self, name: str) -> tuple[slice, slice]:
        width = len(next(iter(self.curves.values()))[0].attempts)
        first = 2 * width * list(self.curves).index(name)
        return slice(first, first + width), slice(first + width, first + 2 * width)

    def _range(self) -> tuple[Floats, Floats]:
        cost = self._stacked(self._means.column_point, self._means.column_draws)[:, : self._k]
        return cost.min(axis=1), cost.max(axis=1)

    def _area(self, name: str) -> Floats:
        """AIQ on all data, then in each draw [1 + draws]."""
        values = self._stacked(self._means.point, self._means.draws)
        cost, quality = (values[:, part] for part in self._at(name))
        low, high = self._range()
        return aiq(cost, quality, c_min=low, c_max=high)

    def _mix_area(self) -> Floats:
        """As `_area`, of the best mix of plain arms; on a grid of costs."""
        values = self._stacked(self._means.column_point, self._means.column_draws)
        cost, quality = values[:, : self._k], values[:, self._k : 2 * self._k]
        low, high = self._range()
        shares = np.linspace(0.0, 1.0, 101)
        heights = [frontier_quality(cost, quality, low + s * (high - low)) for s in shares]
        return np.asarray(np.trapezoid(np.array(heights), shares, axis=0))

    @staticmethod
    def _stacked(point: Floats, draws: Floats) -> Floats:
        return np.vstack([point[None], draws])

    def _row(self, name: str, kind: str, reference: str) -> dict[str, object]:
        area, mix, router = self._area(name), self._mix_area(), self._area(reference)
        over_mix = Estimate.from_draws(area[0] - mix[0], area[1:] - mix[1:])
        over_router = Estimate.from_draws(area[0] - router[0], area[1:] - router[1:])
        cost, quality = self.points(name)
        top = int(quality.argmax())
        curves = self.curves[name]
        return {
            "method": name,
            "kind": kind,
            "aiq": area[0],
            "over_mix": over_mix.point,
            "over_mix_low": over_mix.low,
            "over_mix_high": over_mix.high,
            "over_router": over_router.point,
            "over_router_low": over_router.low,
            "over_router_high": over_router.high,
            "top_quality": quality[top],
            "top_cost_usd_per_1k": 1000.0 * cost[top],
            "top_attempts": float(np.mean([curve.attempts[top] for curve in curves])),
            "top_latency_s": float(np.mean([curve.latency_s[top] for curve in curves])),
        }
