"""The servers of one model: places, a queue, a rate limit."""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

Offer = Literal["begin", "wait", "refuse"]


class ServerPool:
    """First come, first served, on `places`; at most `queue` wait (None: any number).

    `rate_limit` is a token bucket of as many calls a minute, which holds a minute's worth.
    """

    def __init__(
        self, *, places: int, queue: int | None = None, rate_limit: float | None = None
    ) -> None:
        self.places, self.queue, self.rate_limit = places, queue, rate_limit
        self.busy = 0
        self._waiting: deque[Any] = deque()
        self._tokens, self._filled_at = rate_limit or 0.0, 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def offer(self, call: Any, now: float) -> Offer:
        """Take a call: it begins now, waits, or is refused (429)."""
        if self.rate_limit is not None and not self._token(now):
            return "refuse"
        if self.busy < self.places:
            self.busy += 1
            return "begin"
        if self.queue is not None and len(self._waiting) >= self.queue:
            return "refuse"
        self._waiting.append(call)
        return "wait"

    def done(self) -> Any | None:
        """A call has ended; the one that takes its place, None where nobody waits."""
        if self._waiting:
            return self._waiting.popleft()
        self.busy -= 1
        return None

    def _token(self, now: float) -> bool:
        assert self.rate_limit is not None
        filled = self._tokens + (now - self._filled_at) * self.rate_limit / 60.0
        self._tokens, self._filled_at = min(self.rate_limit, filled), now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
