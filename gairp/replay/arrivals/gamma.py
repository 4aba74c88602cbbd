"""Bursts: a renewal process with Gamma gaps."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError


class GammaBursts:
    """Gaps of mean 1 / rate and coefficient of variation `cv`; above 1 they come in bursts.

    rate: requests a second. cv: 1 is a Poisson process.
    """

    def __init__(self, *, rate: float, cv: float = 4.0, seed: int) -> None:
        if not (rate > 0 and cv > 0):
            raise ConfigError(f"protocol.arrivals: rate {rate} and cv {cv}; give numbers above 0")
        self.rate, self.cv = rate, cv
        self._shape = cv**-2.0
        self._rng = np.random.default_rng([seed, 4])

    def following(self, previous: float) -> float:
        """A Gamma gap later."""
        return previous + float(self._rng.gamma(self._shape, 1.0 / (self.rate * self._shape)))
