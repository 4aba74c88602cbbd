"""A model gives errors: all the time, or some of it, and slowly."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment


@dataclass(frozen=True, kw_only=True)
class Outage(Event):
    """Every call to one arm fails, unbilled, and policies learn of each as of an answer of quality
    0. A brown-out is the same with a `share` below 1 and answers that take `slowdown` times as
    long.
    """

    arm: str = "best"  #: an arm, or a role: best, second, worst, cheapest, dearest
    share: float = 1.0  #: of the calls that fail
    slowdown: float = 1.0  #: what the other answers' latencies are multiplied by
    after_s: float = 1.0  #: seconds until an error comes back

    def __post_init__(self) -> None:
        if not (0 <= self.share <= 1 and self.slowdown >= 1 and self.after_s >= 0):
            raise ConfigError(
                f"scenario.outage: share {self.share}, slowdown {self.slowdown}, after_s "
                f"{self.after_s}; give a share of 0 to 1, a slowdown from 1, seconds from 0"
            )

    def apply(self, moment: Moment, strength: float) -> None:
        """One coin a request: whoever asks the arm gets the same."""
        if moment.uniform() < self.share * strength:
            moment.fail(self.arm, self.after_s)
        elif self.slowdown > 1:
            factor = 1.0 + strength * (self.slowdown - 1.0)
            moment.scale(("latency_s", "first_token_s"), self.arm, factor)
