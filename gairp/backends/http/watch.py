"""One timer a connection, however many moments are set: nearly all of them are never reached."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class Watch:
    """Rings once the moment last set has passed.

    Setting a later one costs a comparison: the timer that runs finds out when it goes off.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self._due = self._at = math.inf  # when to ring, and when the timer goes off
        self._timer: asyncio.TimerHandle | None = None

    def set(self, due: float) -> None:
        """Ring at this time of the loop's clock; infinity is never."""
        self._due = due
        if due < self._at:
            self._start(due)

    def stop(self) -> None:
        """Never again."""
        self._due = self._at = math.inf
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._ring = None, _silent  # which frees whoever would have heard it

    def _start(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        self._timer = self._loop.call_at(at, self._off)

    def _off(self) -> None:
        self._at, self._timer = math.inf, None
        if self._due <= self._loop.time():
            self._due = math.inf
            self._ring()
        elif self._due < math.inf:
            self._start(self._due)


def _silent() -> None:
    return None
