"""Utility of an answer: quality minus what it cost and how long it took."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError

Floats = NDArray[np.float64]


class Utility:
    """u = quality - cost_weight * cost - latency_weight * latency.

    cost_weight: utility lost per USD per 1,000 requests (`linear`), or over the whole range from
        `cost_low` to `cost_high` USD a request (`log`: the cost term is
        log(c / low) / log(high / low), clipped to [0, 1], as in ParetoBandit), or per unit
        (`share`: costs are 0 and 1, and mean the share of strong calls, as in RouteLLM).
    latency_weight: utility lost per second.
    cost_ceiling, latency_ceiling: USD and seconds; the quality of an answer above either counts
        as 0, since it came too dear or too late to be of use.

    A term of weight 0 is off: its quantity may then be unknown (NaN).
    """

    def __init__(
        self,
        *,
        cost_weight: float = 0.0,
        latency_weight: float = 0.0,
        cost_scale: Literal["linear", "log", "share"] = "linear",
        cost_low: float | None = None,
        cost_high: float | None = None,
        cost_ceiling: float | None = None,
        latency_ceiling: float | None = None,
    ) -> None:
        for key, value in (("cost_weight", cost_weight), ("latency_weight", latency_weight)):
            if not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
                raise ConfigError(f"utility.{key} is {value}; give a number that is at least 0")
        if cost_scale not in ("linear", "log", "share"):
            raise ConfigError(
                f"utility.cost_scale is {cost_scale!r}; there are: linear, log, share"
            )
        if cost_scale == "log" and not (cost_low and cost_high and 0 < cost_low < cost_high):
            raise ConfigError(
                "utility.cost_scale=log needs 0 < utility.cost_low < utility.cost_high, in USD "
                f"a request; they are {cost_low} and {cost_high}"
            )
        self.cost_weight = float(cost_weight)
        self.latency_weight = float(latency_weight)
        self.cost_scale: Literal["linear", "log", "share"] = cost_scale
        self.cost_low, self.cost_high = cost_low, cost_high
        self.cost_ceiling, self.latency_ceiling = cost_ceiling, latency_ceiling
        self._linear = cost_scale == "linear"
        self._plain = cost_ceiling is None and latency_ceiling is None

    @property
    def needs_cost(self) -> bool:
        """Whether an unknown cost would make the utility unknown."""
        return self.cost_weight > 0 or self.cost_ceiling is not None

    @property
    def needs_latency(self) -> bool:
        """Whether an unknown latency would make the utility unknown."""
        return self.latency_weight > 0 or self.latency_ceiling is not None

    def of(self, quality: float, cost_usd: float, latency_s: float) -> float:
        """Utility of one answer."""
        if self._plain and self._linear:
            value = quality
            if self.cost_weight:
                value -= self.cost_weight * 1000.0 * cost_usd
            if self.latency_weight:
                value -= self.latency_weight * latency_s
            return value
        return float(
            self.of_arrays(np.float64(quality), np.float64(cost_usd), np.float64(latency_s))
        )

    def of_arrays(
        self,
        quality: Floats | np.float64,
        cost_usd: Floats | np.float64,
        latency_s: Floats | np.float64,
    ) -> Floats:
        """Utilities, elementwise; the three broadcast against each other."""
        value = np.asarray(quality, dtype=np.float64)
        if self.cost_ceiling is not None:
            value = _below(self.cost_ceiling, cost_usd, value)
        if self.latency_ceiling is not None:
            value = _below(self.latency_ceiling, latency_s, value)
        if self.cost_weight:
            value = value - self.cost_weight * self.cost_term(np.asarray(cost_usd))
        if self.latency_weight:
            value = value - self.latency_weight * np.asarray(latency_s)
        return value

    def cost_term(self, cost_usd: Floats) -> Floats:
        """What `cost_weight` multiplies: USD per 1,000 requests, or the position on a log scale."""
        if self._linear:
            return 1000.0 * cost_usd
        if self.cost_scale == "share":
            return cost_usd
        assert self.cost_low is not None
        assert self.cost_high is not None
        span = math.log(self.cost_high / self.cost_low)
        floored = np.maximum(cost_usd, self.cost_low)
        return np.asarray(np.clip(np.log(floored / self.cost_low) / span, 0.0, 1.0))

    def describe(self) -> dict[str, float | str | None]:
        """The parameters, for logs and reports."""
        return {
            "cost_weight": self.cost_weight,
            "latency_weight": self.latency_weight,
            "cost_scale": self.cost_scale,
            "cost_low": self.cost_low,
            "cost_high": self.cost_high,
            "cost_ceiling": self.cost_ceiling,
            "latency_ceiling": self.latency_ceiling,
        }


def _below(ceiling: float, spent: Floats | np.float64, quality: Floats) -> Floats:
    """The quality where `spent` is within the ceiling, 0 above it, unknown where it is unknown."""
    return np.where(np.isnan(spent), np.nan, np.where(np.asarray(spent) > ceiling, 0.0, quality))
