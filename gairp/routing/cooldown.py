"""Leaves alone who asked for it: a server's Retry-After holds for every request, not for one.

A breaker waits for several failures; a server that says 429 has said all that is to be known.
"""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.types import Failure


class Cooldowns:
    """By name; no clock of its own, `now` is in seconds.

    A failure with a Retry-After closes its name for so long, at most `max_s`; a rate limit without
    one for `rate_limit_s` (0: not at all). A longer one is never made shorter.
    """

    def __init__(self, *, rate_limit_s: float = 1.0, max_s: float = 60.0) -> None:
        if not (rate_limit_s >= 0 and max_s >= 0):
            raise ConfigError(
                f"cooldown.rate_limit_s is {rate_limit_s} and cooldown.max_s {max_s}; give seconds"
            )
        self.rate_limit_s, self.max_s = rate_limit_s, max_s
        self._until: dict[str, float] = {}
        self.last = float("-inf")  #: when the last of them will be over

    def failed(self, name: str, error: Failure, now: float) -> None:
        """A call ended so."""
        asked = error.retry_after_s or 0.0
        if not asked > 0.0:  # NaN and the past say nothing
            asked = self.rate_limit_s if error.kind == "rate_limit" else 0.0
        if asked > 0.0:
            until = now + min(asked, self.max_s)
            self._until[name] = max(until, self._until.get(name, until))
            self.last = max(self.last, until)

    def left_s(self, name: str, now: float) -> float:
        """Seconds for which it is still left alone; 0 where it is not."""
        return max(0.0, self._until.get(name, now) - now)
