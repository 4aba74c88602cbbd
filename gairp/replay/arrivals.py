"""When requests arrive, in virtual seconds."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from gairp.errors import ConfigError


class Arrivals(Protocol):
    """Gives the time of the next arrival."""

    def following(self, previous: float) -> float:
        """The arrival after the one at `previous`; NaN means: when that one has been learned."""


class Sequential:
    """One request at a time: the next arrives when the previous is answered and learned."""

    def following(self, previous: float) -> float:
        """Always NaN."""
        return math.nan


class Regular:
    """One request every `interval_s` seconds, whatever the answers take."""

    def __init__(self, *, interval_s: float) -> None:
        if not interval_s > 0:
            raise ConfigError(f"protocol.arrivals.interval_s is {interval_s}; give seconds above 0")
        self.interval_s = interval_s

    def following(self, previous: float) -> float:
        """`interval_s` later."""
        return previous + self.interval_s


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
