"""The textbook bandit loop."""

from __future__ import annotations

import math


class Sequential:
    """One request at a time: the next arrives when the previous is answered and learned."""

    def following(self, previous: float) -> float:
        """Always NaN."""
        return math.nan
