"""A model that nobody has heard of becomes available."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment


@dataclass(frozen=True, kw_only=True)
class ModelArrival(Event):
    """One arm is a candidate from `start` on (until `end`); no policy was trained on it."""

    arm: str = "best"  #: an arm, or a role: best, second, worst, cheapest, dearest

    def outside(self, moment: Moment) -> None:
        """It is not there."""
        moment.withdraw(self.arm)

    @property
    def arrives(self) -> str:
        """It."""
        return self.arm
