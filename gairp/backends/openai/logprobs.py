"""The log-probabilities of an answer's tokens, summed up as they come."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


class Logprobs:
    """Mean and least natural logarithm over the tokens of an answer, and how sure a first yes is.

    `p_yes` is P(yes) / (P(yes) + P(no)) over the candidates for the first token, in any spelling,
    as a model's opinion of its own answer is read (Kadavath et al. 2022).
    """

    def __init__(self) -> None:
        self._count, self._total, self._least = 0, 0.0, math.inf
        self._p_yes: float | None = None

    def feed(self, tokens: Any) -> None:
        """Tokens as they came: objects with a `logprob` each, or bare numbers."""
        for token in tokens or ():
            value = token.get("logprob") if isinstance(token, Mapping) else token
            if isinstance(value, int | float):
                if not self._count and isinstance(token, Mapping):
                    self._p_yes = yes_probability(token.get("top_logprobs") or ())
                self._count += 1
                self._total += value
                self._least = min(self._least, value)

    def signals(self) -> dict[str, float]:
        """`logprob_mean`, `logprob_min`, and `p_yes` where it is known; empty where none came."""
        if not self._count:
            return {}
        found = {"logprob_mean": self._total / self._count, "logprob_min": float(self._least)}
        return found if self._p_yes is None else {**found, "p_yes": self._p_yes}


def yes_probability(candidates: Sequence[Mapping[str, Any]]) -> float | None:
    """P(yes) / (P(yes) + P(no)) of one token; None where neither is among the candidates."""
    mass = {"yes": 0.0, "no": 0.0}
    for candidate in candidates:
        word = str(candidate.get("token")).strip(" .,!\n").casefold()
        if word in mass:
            mass[word] += math.exp(candidate["logprob"])
    both = mass["yes"] + mass["no"]
    return mass["yes"] / both if both > 0.0 else None
