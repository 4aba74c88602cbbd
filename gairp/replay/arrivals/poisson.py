"""A Poisson process."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError

_AHEAD = 256


class Poisson:
    """A Poisson process of `rate` requests a second."""

    def __init__(self, *, rate: float, seed: int) -> None:
        if not rate > 0:
            raise ConfigError(f"protocol.arrivals.rate is {rate}; give requests a second above 0")
        self.rate = rate
        self._rng = np.random.default_rng([seed, 1])
        self._gaps: list[float] = []  # drawn ahead, since one by one costs more; the last is next

    def following(self, previous: float) -> float:
        """An exponential gap later."""
        if not self._gaps:
            self._gaps = self._rng.exponential(1.0 / self.rate, _AHEAD).tolist()[::-1]
        return previous + self._gaps.pop()
