"""Where the `limits` library counts the requests of one event loop.

Its own `MemoryStorage` starts a thread every ten milliseconds to forget what is over, and each
start waits for that thread: on one core that took longer than all the rest of a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import floor

from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport


class _Count:
    """Hits in the window `number`, and in the one before it."""

    __slots__ = ("before", "hits", "number")

    def __init__(self, number: int) -> None:
        self.number, self.hits, self.before = number, 0, 0


class WindowStorage(Storage, SlidingWindowCounterSupport):
    """Two counters a key; what is over is forgotten once a window. For one thread."""

    STORAGE_SCHEME = None

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(None)
        self._now = now
        self._counts: dict[str, _Count] = {}
        self._cleaned = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        """None of its own."""
        return ValueError

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count the hits, if the weighted sum of both windows has room for them."""
        return self.hit(key, limit, expiry, amount) >= 0

    def hit(self, key: str, limit: int, expiry: int, amount: int = 1) -> int:
        """As `acquire_sliding_window_entry`; how many are left, as the library's statistics have
        it, or -1 where there was no room.
        """
        at = self._now() / expiry
        number = int(at)
        count = self._counts.get(key)
        if count is None or count.number != number:
            count = self._count(key, number)
        used = floor(count.before * (1.0 - at % 1) + count.hits) + amount
        if used > limit:
            return -1
        count.hits += amount
        return limit - used

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """(hits before, seconds until they are over, hits now, seconds until these are over)."""
        at = self._now() / expiry
        count, left_s = self._count(key, int(at)), (1.0 - at % 1) * expiry
        return count.before, left_s if count.before else 0.0, count.hits, left_s + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """As if nothing had been counted."""
        self._counts.pop(key, None)

    def _count(self, key: str, number: int) -> _Count:
        count = self._counts.get(key)
        if count is None:
            self._forget(number)
            count = self._counts[key] = _Count(number)
        elif count.number != number:
            count.before = count.hits if count.number == number - 1 else 0
            count.number, count.hits = number, 0
        return count

    def _forget(self, number: int) -> None:
        if self._cleaned != number:
            self._cleaned = number
            self._counts = {k: c for k, c in self._counts.items() if c.number >= number - 1}

    # -- what other strategies would need --------------------------------------------------

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Not for the strategy that this is for."""
        raise NotImplementedError("sliding windows only")

    def get(self, key: str) -> int:
        """Hits in the present window."""
        count = self._counts.get(key)
        return 0 if count is None else count.hits

    def get_expiry(self, key: str) -> float:
        """Not for the strategy that this is for."""
        raise NotImplementedError("sliding windows only")

    def check(self) -> bool:
        """It is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; how many keys that were."""
        found = len(self._counts)
        self._counts.clear()
        return found

    def clear(self, key: str) -> None:
        """As if nothing had been counted."""
        self._counts.pop(key, None)
