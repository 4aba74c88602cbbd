"""How much of a model there is: calls a minute, calls at once, calls that wait."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """Calls at once, first come first served; without a count there is no end of them."""

    def __init__(self, count: int | None, *, max_queue: int | None = None) -> None:
        self.count, self.max_queue = count, max_queue
        self.running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def queued(self) -> int:
        """Calls that wait."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether one more call would neither run nor find a place in the queue."""
        return (
            self.count is not None
            and self.max_queue is not None
            and self.running >= self.count
            and self.queued >= self.max_queue
        )

    async def acquire(self) -> None:
        """Waits for a place."""
        if self.count is None or self.running < self.count:
            self.running += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()
            else:
                self._waiting.remove(place)
            raise

    def release(self) -> None:
        """Gives the place to the next in line."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1


class Rate:
    """At most so many calls in any minute."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._times: deque[float] = deque()

    def wait_s(self, now: float) -> float:
        """0 where the call is let in, else how long until the next one is."""
        if self.per_minute is None:
            return 0.0
        while self._times and self._times[0] <= now - 60:
            self._times.popleft()
        if len(self._times) < self.per_minute:
            self._times.append(now)
            return 0.0
        return self._times[0] + 60 - now

    @property
    def left(self) -> int:
        """Calls that this minute has room for."""
        return 0 if self.per_minute is None else self.per_minute - len(self._times)
