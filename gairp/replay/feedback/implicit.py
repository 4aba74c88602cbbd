"""What users do says how good an answer was, in a way: they retry, edit, or walk away."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.replay.feedback.told import FeedbackModel, Told
from gairp.rng import DecisionRng


@dataclass(frozen=True, kw_only=True)
class Implicit(FeedbackModel):
    """No score but a signal: abandoned 0, retried 0, edited 0.5, kept 1.

    A user gives up with probability 1 - exp(-latency / patience), whatever the answer is worth;
    else retries a bad answer, or edits one, with a probability in proportion to 1 - quality.
    """

    retry: float = 0.5  #: chance that an answer of quality 0 is asked for again
    edit: float = 0.3  #: chance that it is edited
    patience_s: float = 60.0  #: mean seconds that a user waits

    def __post_init__(self) -> None:
        if not (self.retry >= 0 and self.edit >= 0 and self.retry + self.edit <= 1):
            raise ConfigError(
                f"feedback.implicit: retry {self.retry} and edit {self.edit} are no chances of one "
                "event or the other; their sum may be 1 at most"
            )
        if not self.patience_s > 0:
            raise ConfigError(f"feedback.implicit.patience_s is {self.patience_s}; give above 0")

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """Two coins an answer."""
        latency = told.outcome.latency_s
        gone = 0.0 if math.isnan(latency) else 1.0 - math.exp(-latency / self.patience_s)
        if rng.random() < gone:
            told.quality = 0.0
            return
        bad, at = 1.0 - told.quality, rng.random()
        told.quality = (
            0.0 if at < self.retry * bad else (0.5 if at < (self.retry + self.edit) * bad else 1.0)
        )
