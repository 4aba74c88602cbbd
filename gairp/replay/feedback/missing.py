"""Feedback that never comes: at random, or depending on how good the answer was."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.replay.feedback.told import FeedbackModel, Told
from gairp.rng import DecisionRng


@dataclass(frozen=True, kw_only=True)
class Missing(FeedbackModel):
    """A piece comes with probability `good` for an answer of quality 1, `bad` for one of 0.

    In between it is in proportion. Equal shares are missing at random; angry users vote more where
    `bad` is larger.
    """

    good: float = 0.2  #: share of answers of quality 1 that feedback comes for
    bad: float = 0.2  #: the same of answers of quality 0

    def __post_init__(self) -> None:
        if not (0 <= self.good <= 1 and 0 <= self.bad <= 1):
            raise ConfigError(
                f"feedback.missing: good {self.good}, bad {self.bad}; give shares of 0 to 1"
            )

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """One coin a piece; the quality is what the models before have made of it."""
        share = self.bad + (self.good - self.bad) * told.quality
        told.lost = not rng.random() < share
