"""The log-probabilities of an answer's tokens, summed up as they come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


class Logprobs:
    """Mean and least natural logarithm over the tokens of an answer."""

    def __init__(self) -> None:
        self._count, self._total, self._least = 0, 0.0, math.inf

    def feed(self, tokens: Any) -> None:
        """Tokens as they came: objects with a `logprob` each, or bare numbers."""
        for token in tokens or ():
            value = token.get("logprob") if isinstance(token, Mapping) else token
            if isinstance(value, int | float):
                self._count += 1
                self._total += value
                self._least = min(self._least, value)

    def signals(self) -> dict[str, float]:
        """`logprob_mean` and `logprob_min`; empty where none came."""
        if not self._count:
            return {}
        return {"logprob_mean": self._total / self._count, "logprob_min": float(self._least)}
