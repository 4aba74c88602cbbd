"""What an arrival process promises."""

from __future__ import annotations

from typing import Protocol


class Arrivals(Protocol):
    """Gives the time of the next arrival."""

    def following(self, previous: float) -> float:
        """The arrival after the one at `previous`; NaN means: when that one has been learned."""
