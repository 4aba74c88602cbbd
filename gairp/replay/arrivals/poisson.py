"""A Poisson process."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError


class Poisson:
    """A Poisson process of `rate` requests a second."""

    def __init__(self, *, rate: float, seed: int) -> None:
        if not rate > 0:
            raise ConfigError(f"protocol.arrivals.rate is {rate}; give requests a second above 0")
        self.rate = rate
        self._rng = np.random.default_rng([seed, 1])

    def following(self, previous: float) -> float:
        """An exponential gap later."""
        return previous + float(self._rng.exponential(1.0 / self.rate))
