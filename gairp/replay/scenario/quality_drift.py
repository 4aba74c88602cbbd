"""A model gets worse, or better, and nobody says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gairp.errors import ConfigError
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment


@dataclass(frozen=True, kw_only=True)
class QualityDrift(Event):
    """Quality of one arm times `by`, or as `mode` says; its price stays what it was.

    A ramp makes a sudden regression a gradual one; `categories` keep it to some requests.
    """

    arm: str = "best"  #: an arm, or a role: best, second, worst, cheapest, dearest
    #: scale: quality times `by`; shift: plus `by`, within [0, 1]; constant: every answer is worth
    #: `by`; flip: a right answer is wrong in 1 - `by` of the cases, so that 0 and 1 stay so
    mode: Literal["scale", "shift", "constant", "flip"] = "scale"
    by: float = 0.6  #: see `mode`
    categories: Sequence[str] | None = None  #: only these; null: everywhere

    def __post_init__(self) -> None:
        if self.mode not in ("scale", "shift", "constant", "flip"):
            raise ConfigError(
                f"scenario.quality_drift.mode is {self.mode!r}; there are: scale, shift, "
                "constant, flip"
            )
        if self.mode in ("constant", "flip") and not 0 <= self.by <= 1:
            raise ConfigError(f"scenario.quality_drift.by is {self.by}; give 0 to 1")

    def apply(self, moment: Moment, strength: float) -> None:
        """The quality now."""
        if self.categories is not None and moment.category not in self.categories:
            return
        quality = moment.table("quality")
        assert quality is not None, "every trace records quality"
        column = moment.column(self.arm)
        before = float(quality[column])
        after = self._after(before, moment)
        quality[column] = float(np.clip(before + strength * (after - before), 0.0, 1.0))

    def _after(self, before: float, moment: Moment) -> float:
        """In full effect."""
        if self.mode == "scale":
            return before * self.by
        if self.mode == "shift":
            return before + self.by
        if self.mode == "constant":
            return self.by
        return before if moment.uniform() < self.by else 0.0
