"""A judge that errs: a confusion matrix, favourites among the models, a taste for long answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.replay.feedback.told import FeedbackModel, Told
from gairp.rng import DecisionRng


@dataclass(frozen=True, kw_only=True)
class NoisyJudge(FeedbackModel):
    """Takes right answers for wrong ones and back, then adds its biases.

    A quality q between 0 and 1 is turned to 1 - q as often as a right answer is where it is 0.5 or
    more, as a wrong one is below.
    """

    false_bad: float = 0.2  #: share of right answers that are called wrong
    false_good: float = 0.2  #: share of wrong answers that are called right
    bias: Mapping[str, float] | None = None  #: arm -> quality added to its answers; null: none
    verbosity: float = 0.0  #: quality added when an answer is twice as long as `length`
    length: float = 200.0  #: tokens of an answer that is judged as it is

    def __post_init__(self) -> None:
        if not (0 <= self.false_bad <= 1 and 0 <= self.false_good <= 1 and self.length > 0):
            raise ConfigError(
                f"feedback.judge: false_bad {self.false_bad}, false_good {self.false_good}, length "
                f"{self.length}; give shares of 0 to 1 and tokens above 0"
            )

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """One coin an answer."""
        rate = self.false_bad if told.quality >= 0.5 else self.false_good
        if rng.random() < rate:
            told.quality = 1.0 - told.quality
        told.quality += (self.bias or {}).get(told.arm, 0.0)
        tokens = told.prompt.output_tokens
        if self.verbosity and tokens is not None and tokens[told.column] > 0:
            told.quality += self.verbosity * math.log2(tokens[told.column] / self.length)
        told.quality = min(max(told.quality, 0.0), 1.0)
