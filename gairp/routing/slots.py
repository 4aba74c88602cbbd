"""At most so many calls at once to each model; who comes first is served first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from gairp.errors import ConfigError


class Slots:
    """Places for calls: `limits` by model, `default` for the others (None: no limit).

    A place that is given back goes straight to whoever has waited longest, so that nobody who
    comes later slips in between. Cancelling a waiting task leaves the queue as if it had never
    come; where a place had just been given to it, the next one gets it. One event loop at a time.
    """

    def __init__(self, limits: Mapping[str, int], default: int | None = None) -> None:
        for model, limit in limits.items():
            _checked(f"slots.limits[{model!r}]", limit)
        if default is not None:
            _checked("slots.default", default)
        self.limits, self.default = dict(limits), default
        self._lanes: dict[str, Lane] = {}

    @asynccontextmanager
    async def hold(self, model: str) -> AsyncIterator[float]:
        """Wait for a place, hold it for the block, and say how many seconds it took."""
        lane = self._lane(model)
        waited_s = await lane.enter()
        try:
            yield waited_s
        finally:
            lane.leave()

    def limited(self, model: str) -> Lane | None:
        """The lane of a model with a limit, to be entered and left by hand; None without one."""
        lane = self._lanes.get(model) or self._lane(model)
        return None if lane.limit is None else lane

    def in_flight(self, model: str) -> int:
        """Calls that hold a place now."""
        return self._lanes[model].taken if model in self._lanes else 0

    def queued(self, model: str) -> int:
        """Calls that wait for one."""
        return self._lanes[model].waiting if model in self._lanes else 0

    @property
    def queues(self) -> Mapping[str, int]:
        """Calls that wait, of the models with a limit that were asked."""
        return {
            model: lane.waiting for model, lane in self._lanes.items() if lane.limit is not None
        }

    def _lane(self, model: str) -> Lane:
        if model not in self._lanes:
            self._lanes[model] = Lane(self.limits.get(model, self.default))
        return self._lanes[model]


class Lane:
    """The places of one model and the queue before them."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        return sum(not ticket.done() for ticket in self._queue)

    async def enter(self) -> float:
        """Wait for a place; the seconds that it took."""
        # A place is never free while someone waits: `leave` hands it on without giving it up.
        if self.limit is None or self.taken < self.limit:
            self.taken += 1
            return 0.0
        loop = asyncio.get_running_loop()
        ticket: asyncio.Future[None] = loop.create_future()
        self._queue.append(ticket)
        start = loop.time()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.leave()  # given and cancelled in the same turn: pass it on
            else:
                with suppress(ValueError):  # `leave` may have come by and skipped it
                    self._queue.remove(ticket)
            raise
        return loop.time() - start

    def leave(self) -> None:
        while self._queue:
            ticket = self._queue.popleft()
            if not ticket.done():
                ticket.set_result(None)
                return
        self.taken -= 1


def _checked(key: str, limit: int) -> None:
    if limit < 1:
        raise ConfigError(f"{key} is {limit}; give at least 1 call at once, or leave it out")
