"""Whether an arm is what it was: new grades against recorded ones, prompt by prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gairp.errors import ConfigError
from gairp.metrics.confidence_sequence import confidence_sequence
from gairp.metrics.e_process import EProcess, e_process
from gairp.types import Floats

Verdict = Literal["drifted", "no drift seen", "not enough data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRule:
    """The `refresh` section."""

    alpha: float = 0.05  #: of a false alarm over all arms, at any time
    stop_early: bool = True
    least: int = 30  #: differences for any verdict but a drift
    same_requests: bool = True  #: refuse an arm that would be asked otherwise than it was

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ConfigError(f"refresh.alpha is {self.alpha}; give a chance between 0 and 1")
        if self.least < 1:
            raise ConfigError(f"refresh.least is {self.least}; give at least 1")


@dataclass(frozen=True, slots=True)
class Drift:
    """One arm: differences new − recorded in the order of the questions, and what they say."""

    arm: str
    differences: Floats  #: [n], in [−1, 1]
    evidence: EProcess
    alpha: float  #: of this arm: the rule's, divided by the number of arms (Bonferroni)
    least: int

    @property
    def crossing(self) -> int | None:
        """After how many differences the evidence reached 1/alpha."""
        return self.evidence.crossing

    @property
    def verdict(self) -> Verdict:
        """What may be said."""
        if self.crossing is not None:
            return "drifted"
        return "no drift seen" if len(self.differences) >= self.least else "not enough data"

    @property
    def p_value(self) -> float:
        """Valid at any time: 1 over the largest evidence so far, at most 1."""
        path = self.evidence.path
        return min(1.0, 1.0 / float(path.max())) if len(path) else 1.0

    def change(self) -> tuple[float, float, float]:
        """Mean difference, and an interval at `alpha` that is valid whenever one stopped."""
        if not len(self.differences):
            return math.nan, -1.0, 1.0
        low, high = confidence_sequence(self.differences, alpha=self.alpha)
        return float(self.differences.mean()), low, high


def drift(arm: str, differences: Sequence[float], rule: DriftRule, arms: int) -> Drift:
    """Test one of `arms` arms."""
    steps = np.asarray(differences, dtype=np.float64)
    alpha = rule.alpha / arms
    return Drift(arm, steps, e_process(steps, alpha=alpha), alpha, rule.least)
