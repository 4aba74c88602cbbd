"""The price of a constraint, moved against its violation."""

from __future__ import annotations

import math

from gairp.errors import ConfigError


class DualPrice:
    """μ ← clip(μ + step · (used / allowed - 1), 0, ceiling): projected subgradient ascent.

    Balseiro & Gur (2019), "Learning in repeated auctions with budgets", for a rate of spending.
    The mean of `used` nears `allowed`, or stays below it at a price of 0; the difference after n
    requests is at most allowed · ceiling / (step n) as long as μ stays below the ceiling.
    """

    def __init__(self, *, step: float, ceiling: float) -> None:
        if not (0 < step < math.inf and 0 < ceiling < math.inf):
            raise ConfigError(f"a dual price needs step and ceiling above 0; got {step}, {ceiling}")
        self.step, self.ceiling = step, ceiling
        self.value = 0.0

    def move(self, used: float, allowed: float) -> None:
        """One more request has used this much."""
        moved = self.value + self.step * (used / allowed - 1.0)
        self.value = min(max(moved, 0.0), self.ceiling)
