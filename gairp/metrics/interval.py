"""From bootstrap draws to an interval and a p-value."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats

#: Differences smaller than this are rounding, not evidence.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval; NaN where it is undefined (printed as "—")."""

    point: float
    low: float
    high: float
    draws: Floats = field(repr=False, compare=False)  #: [B]

    @classmethod
    def from_draws(cls, point: float, draws: ArrayLike, *, level: float = 0.95) -> Estimate:
        """The percentile interval of the draws around a point estimated on all data.

        Where the point is NaN the interval is NaN too.
        """
        values = floats("draws", draws, ndim=1)
        low, high = percentile_interval(values, level=level)
        if np.isnan(point):
            low = high = np.nan
        return cls(float(point), float(low), float(high), values)


def standard_error(values: ArrayLike) -> float:
    """Of the mean of independent values [n]; NaN for fewer than two, which say nothing of it."""
    array = floats("values", values, ndim=1)
    if len(array) < 2:
        return float("nan")
    return float(array.std(ddof=1) / np.sqrt(len(array)))


def percentile_interval(draws: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """The central `level` of the draws [B]; Efron (1979), the percentile method.

    The ends are draws, rounded outwards. A NaN draw counts as larger than any number, so an
    undefined upper end comes out as NaN while the lower end stands.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a share such as 0.95")
    ordered = np.sort(floats("draws", draws, ndim=1))  # NaN last
    last = len(ordered) - 1
    tail = int((1 - level) / 2 * last + 1e-9)  # 0.05 * 100 is a hair below 5
    return float(ordered[tail]), float(ordered[last - tail])


def p_value(draws: ArrayLike, *, null: float = 0.0) -> float:
    """Two-sided p-value of "the figure is `null`", from its draws [B].

    2·(1 + min(#{d <= null}, #{d >= null})) / (B + 1), at most 1: the interval inverted, with the
    +1 of Davison & Hinkley (1997), "Bootstrap Methods", section 4.2, so that it is never 0. A
    draw within 1e-9 of the null counts on both sides. NaN draws are left out.
    """
    values = floats("draws", draws, ndim=1)
    values = values[~np.isnan(values)] - null
    if not len(values):
        return float("nan")
    smaller = min(int((values <= ROUNDING).sum()), int((values >= -ROUNDING).sum()))
    return min(1.0, 2.0 * (1 + smaller) / (len(values) + 1))
