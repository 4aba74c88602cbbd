"""How likely feedback was, where that is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from gairp.errors import ConfigError, DataError
from gairp.types import Floats

#: Standard errors that the mean of 1/p over all rows may be from 1.
_ERRORS = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    """That feedback comes, of an answer of quality 1 and of 0; of others in proportion."""

    good: float
    bad: float

    def __post_init__(self) -> None:
        if not (0 < self.good <= 1 and 0 < self.bad <= 1):
            raise ConfigError(
                f"observed: good {self.good}, bad {self.bad}; give chances above 0, up to 1: of "
                "answers that nobody ever judges nothing can be said"
            )

    @classmethod
    def of(cls, given: Mapping[str, float | None]) -> Self | None:
        """None where neither is known; ConfigError where one is."""
        good, bad = given["good"], given["bad"]
        if good is None and bad is None:
            return None
        if good is None or bad is None:
            raise ConfigError(f"observed: good {good}, bad {bad}; give both, or neither")
        return cls(good=float(good), bad=float(bad))

    def by_row(self, quality: Floats) -> Floats:
        """[n], from quality [n]; the least one where none came, which only bounds read.

        Raises DataError where these cannot be the chances: 1/p, and 0 where no feedback came, has
        mean 1.
        """
        least = min(self.good, self.bad)
        chance = np.nan_to_num(self.bad + (self.good - self.bad) * quality, nan=least)
        inverse = np.where(np.isnan(quality), 0.0, 1.0 / chance)
        mean, error = float(inverse.mean()), float(inverse.std()) / math.sqrt(len(inverse))
        if abs(mean - 1.0) > _ERRORS * error + 1e-9:
            raise DataError(
                f"observed: good {self.good}, bad {self.bad} does not fit the log: feedback on "
                f"{np.isfinite(quality).mean():.1%} of the decisions would then stand for "
                f"{mean:.1%} ± {error:.1%} of them, and not for all; declare other chances, or none"
            )
        return chance
