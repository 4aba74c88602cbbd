"""A model gets cheaper or dearer, and the new price is published."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment


@dataclass(frozen=True, kw_only=True)
class PriceChange(Event):
    """Bills of one arm times `factor`; policies see the new price in the expected cost."""

    arm: str = "best"  #: an arm, or a role: best, second, worst, cheapest, dearest
    factor: float = 0.5  #: of the price before

    def __post_init__(self) -> None:
        if not self.factor >= 0:
            raise ConfigError(f"scenario.price_change.factor is {self.factor}; give at least 0")

    def apply(self, moment: Moment, strength: float) -> None:
        """The price in force."""
        moment.reprice(self.arm, 1.0 + strength * (self.factor - 1.0))
