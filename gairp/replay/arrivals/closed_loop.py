"""Users who wait for their answer, think, and ask again."""

from __future__ import annotations

import math

import numpy as np

from gairp.errors import ConfigError


class ClosedLoop:
    """`users` at once, each of whom thinks for an exponential time before the next request.

    users: how many. think_s: mean seconds from an answer to the user's next request.
    """

    def __init__(self, *, users: int = 8, think_s: float = 5.0, seed: int) -> None:
        if users < 1 or not think_s >= 0:
            raise ConfigError(
                f"protocol.arrivals: {users} users who think {think_s} s; give one user or more, "
                "and seconds from 0"
            )
        self.users, self.think_s = int(users), float(think_s)
        self._rng = np.random.default_rng([seed, 5])
        self._begun = 1

    def following(self, previous: float) -> float:
        """Every user begins after a time of thinking; then none comes by itself."""
        if self._begun >= self.users:
            return math.nan
        self._begun += 1
        return previous + self._think() / self.users

    def after(self, answered: float) -> float:
        """When the user who was just answered asks again."""
        return answered + self._think()

    def _think(self) -> float:
        return float(self._rng.exponential(self.think_s)) if self.think_s else 0.0
