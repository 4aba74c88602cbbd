"""Which arms are left alone for a while: those that asked for it, and those that were ejected."""

from __future__ import annotations

from gairp.routing.cooldown import Cooldowns
from gairp.routing.outliers import Outliers
from gairp.types import Failure


class Health:
    """Hears how calls end; beside the breakers, which know models."""

    def __init__(self, cooldowns: Cooldowns, outliers: Outliers) -> None:
        self.cooldowns, self.outliers = cooldowns, outliers

    def ended(self, arm: str, error: Failure | None, now: float) -> None:
        """A call has ended."""
        if error is not None:
            self.cooldowns.failed(arm, error, now)
        self.outliers.ended(arm, error, now)

    def well(self, now: float) -> bool:
        """Whether no arm at all is left alone."""
        return now >= self.cooldowns.last and now >= self.outliers.last

    def left_s(self, arm: str, now: float) -> float:
        """Seconds for which this arm is still left alone; 0 where it is not."""
        return max(self.cooldowns.left_s(arm, now), self.outliers.left_s(arm, now))

    def why(self, arm: str, now: float) -> str:
        """Why it is; empty where it is not."""
        asked, ejected = self.cooldowns.left_s(arm, now), self.outliers.left_s(arm, now)
        if asked >= ejected and asked > 0:
            return f"cools down for another {asked:.1f} s, as its server asked"
        if ejected > 0:
            return f"is ejected for another {ejected:.1f} s: it fails more often than its peers"
        return ""
