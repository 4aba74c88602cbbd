"""A model is withdrawn."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment


@dataclass(frozen=True, kw_only=True)
class ModelRetirement(Event):
    """One arm is no candidate any more from `start` on."""

    arm: str = "best"  #: an arm, or a role: best, second, worst, cheapest, dearest

    def apply(self, moment: Moment, strength: float) -> None:
        """It is gone."""
        moment.withdraw(self.arm)
