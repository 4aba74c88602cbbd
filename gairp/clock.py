"""Where the time comes from: the wall, or a simulation."""

from __future__ import annotations

import time


class WallClock:
    """Monotonic seconds since the clock was made, on top of `offset`: what ran before."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds of the run so far."""
        return self.offset + time.monotonic() - self._start


class VirtualClock:
    """Seconds that pass only when a driver says so."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def advance(self, to: float) -> None:
        """Move to a later time; ValueError for an earlier one."""
        if to < self._now:
            raise ValueError(f"the clock is at {self._now} s and cannot go back to {to} s")
        self._now = to
