"""An arm's last rewards, and how far they speak against what was known of it before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

_BURN_IN = 30  #: rewards of an arm before its memories are told apart
_LONG = 200.0  #: rewards that the long memory's error is a mean of
_ERRORS = 4.0  #: memories that the short one's error is a mean of: of one alone it is too rough
_LEAST = 1e-6  #: of either probability, so that none is ever ruled out


@dataclass(slots=True)
class ShortMemory:
    """Of one arm."""

    touched: int  #: rewards of all arms when this one was last asked
    trust: float = 1.0  #: probability, then, that the arm is what it was
    count: int = 0
    mean: float = 0.0  #: of the last rewards
    short_error: float = 0.0  #: mean square about that mean
    long_error: float = 0.0  #: mean square about what the long memory expects

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> ShortMemory:
        """Take up a saved state."""
        return cls(**{field.name: state[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Switching:
    """How trust moves: two experts with Gaussian errors, and a fixed share between them."""

    away: float
    back: float
    memory: float
    spread: float

    def drifted(self, short: ShortMemory, clock: int) -> float:
        """Trust after the rewards of other arms since: it nears back / (away + back)."""
        both = self.away + self.back
        home = self.back / both
        return home + (short.trust - home) * float((1.0 - both) ** (clock - short.touched))

    def learn(self, short: ShortMemory, reward: float, expected: float, clock: int) -> None:
        """Take in one reward, of which the long memory expected this much."""
        short.count += 1
        if short.count == 1:
            short.mean = reward
        long_miss, short_miss = reward - expected, reward - short.mean
        if short.count > _BURN_IN:
            odds = self.drifted(short, clock)
            log_odds = math.log(odds / (1.0 - odds))
            log_odds += self._fit(long_miss, short.long_error)
            log_odds -= self._fit(short_miss, short.short_error)
            short.trust = _probability(log_odds)
        short.touched = clock
        quick = max(1.0 / short.count, 1.0 / self.memory)
        # What was missed before the regression had settled says nothing about it.
        slow = max(1.0 / max(1, short.count - _BURN_IN // 2), 1.0 / _LONG)
        short.mean += quick * short_miss
        steady = max(1.0 / short.count, 1.0 / (_ERRORS * self.memory))
        short.short_error += steady * (short_miss**2 - short.short_error)
        short.long_error += short.trust * slow * (long_miss**2 - short.long_error)

    def _fit(self, miss: float, error: float) -> float:
        """Log likelihood of a miss, up to a constant."""
        variance = max(error, self.spread**2)
        return -0.5 * (miss * miss / variance + math.log(variance))


def _probability(log_odds: float) -> float:
    p = 1.0 / (1.0 + math.exp(-min(max(log_odds, -50.0), 50.0)))
    return min(max(p, _LEAST), 1.0 - _LEAST)
