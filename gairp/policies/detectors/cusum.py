"""The two-sided CUSUM test (Page 1954; Liu, Lee, Shroff 2018, Algorithm 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gairp.errors import ConfigError


class Cusum:
    """Sums how far values drift from the mean of the first ones.

    burn_in: values whose mean is the reference; drift: what a deviation must exceed to count;
    threshold: the sum that is an alarm.
    """

    def __init__(self, *, burn_in: int = 50, drift: float = 0.1, threshold: float = 12.0) -> None:
        if not (burn_in >= 1 and drift >= 0 and threshold > 0):
            raise ConfigError(
                f"cusum needs burn_in >= 1, drift >= 0 and threshold > 0; got {burn_in}, {drift} "
                f"and {threshold}"
            )
        self.burn_in, self.drift, self.threshold = int(burn_in), float(drift), float(threshold)
        self._count, self._mean, self._up, self._down = 0, 0.0, 0.0, 0.0

    def update(self, value: float) -> bool:
        """One more value; the mean of the burn-in is fixed afterwards."""
        self._count += 1
        if self._count <= self.burn_in:
            self._mean += (value - self._mean) / self._count
            return False
        self._up = max(0.0, self._up + value - self._mean - self.drift)
        self._down = max(0.0, self._down + self._mean - value - self.drift)
        if max(self._up, self._down) < self.threshold:
            return False
        self._count, self._mean, self._up, self._down = 0, 0.0, 0.0, 0.0
        return True

    def state(self) -> dict[str, Any]:
        """Four numbers."""
        return {"count": self._count, "mean": self._mean, "up": self._up, "down": self._down}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take them up."""
        self._count, self._mean = int(state["count"]), float(state["mean"])
        self._up, self._down = float(state["up"]), float(state["down"])
