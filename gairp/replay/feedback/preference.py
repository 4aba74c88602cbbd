"""Which of two answers is better, in place of how good one is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gairp.errors import ConfigError
from gairp.replay.feedback.told import FeedbackModel, Told
from gairp.replay.scenario.stage import Stage
from gairp.rng import DecisionRng


@dataclass(frozen=True, kw_only=True)
class Preference(FeedbackModel):
    """1 where the answer is preferred to that of the arm `against`, 0 where the other one is.

    It is preferred with probability 1 / (1 + exp(-sharpness · difference of their qualities))
    (Bradley and Terry 1952); a comparison of an arm with itself says 0.5.
    """

    against: str = "cheapest"  #: an arm, or a role: best, second, worst, cheapest, dearest
    sharpness: float = 8.0  #: how surely a better answer is preferred

    def __post_init__(self) -> None:
        if not self.sharpness > 0:
            raise ConfigError(
                f"feedback.preference.sharpness is {self.sharpness}; give a number above 0"
            )

    def bound(self, stage: Stage) -> Preference:
        """With the arm in place of its role."""
        return replace(self, against=stage.arm(self.against))

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """Both answers are judged by what they are worth, whatever was made of one before."""
        if told.arm == self.against:
            told.quality = 0.5
            return
        other = float(told.prompt.quality[told.arms.index(self.against)])
        chance = 1.0 / (1.0 + math.exp(-self.sharpness * (told.quality - other)))
        told.quality = float(rng.random() < chance)
