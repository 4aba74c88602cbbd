"""Feedback that is brought together at night."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.replay.feedback.told import FeedbackModel, Told
from gairp.rng import DecisionRng


@dataclass(frozen=True, kw_only=True)
class Nightly(FeedbackModel):
    """Everything of a day arrives at once, at its `hour`; virtual time begins at midnight."""

    hour: float = 3.0  #: of the day
    day_s: float = 86_400.0  #: length of a day in virtual seconds; shorter for a short stream

    def __post_init__(self) -> None:
        if not (0 <= self.hour < 24 and self.day_s > 0):
            raise ConfigError(
                f"feedback.nightly: hour {self.hour}, day_s {self.day_s}; give an hour of 0 to 24 "
                "and seconds above 0"
            )

    @property
    def delays(self) -> bool:
        """Always."""
        return True

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """Wait for the next batch."""
        first = self.hour / 24.0 * self.day_s
        batches = max(0, math.ceil((told.sent_at - first) / self.day_s))
        told.delay_s += first + batches * self.day_s - told.sent_at
