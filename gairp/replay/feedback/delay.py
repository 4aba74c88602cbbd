"""Feedback that comes late: by a fixed time, an exponential or a heavy-tailed one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gairp.errors import ConfigError
from gairp.replay.feedback.told import FeedbackModel, Told
from gairp.rng import DecisionRng


@dataclass(frozen=True, kw_only=True)
class Delay(FeedbackModel):
    """Each piece by itself, so that they overtake each other."""

    #: fixed; exponential; pareto: heavy-tailed, P(delay > t) = (least / t)^tail
    law: Literal["fixed", "exponential", "pareto"] = "exponential"
    mean_s: float = 60.0  #: seconds
    tail: float = 1.5  #: of the Pareto law; its mean needs more than 1

    def __post_init__(self) -> None:
        if self.law not in ("fixed", "exponential", "pareto"):
            raise ConfigError(
                f"feedback.delay.law is {self.law!r}; there are: fixed, exponential, pareto"
            )
        if not (self.mean_s >= 0 and self.tail > 1):
            raise ConfigError(
                f"feedback.delay: mean_s {self.mean_s}, tail {self.tail}; give seconds from 0 and "
                "a tail above 1"
            )

    @property
    def delays(self) -> bool:
        """Unless it is none."""
        return self.mean_s > 0

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """Add the delay."""
        told.delay_s += self._draw(rng)

    def _draw(self, rng: DecisionRng) -> float:
        if self.law == "fixed":
            return self.mean_s
        left = 1.0 - rng.random()
        if self.law == "exponential":
            return -self.mean_s * math.log(left)
        least = self.mean_s * (self.tail - 1.0) / self.tail
        return float(least * left ** (-1.0 / self.tail))
