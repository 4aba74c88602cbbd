"""The connections to one server: the last one used is the first one used again."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from threading import get_ident

import msgspec

from gairp.backends.http.connection import Connection, Limits, Owner
from gairp.backends.http.errors import BusyError, ClosedError, HttpError
from gairp.backends.http.route import Route


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections there may be, how many may lie idle, and how many may wait for one."""

    connections: int
    idle: int
    waiting: int
    keepalive_s: float


class Pool:
    """Belongs to the event loop that it was made in."""

    def __init__(self, route: Route, *, size: Size, limits: Limits) -> None:
        self.loop, self._thread = asyncio.get_running_loop(), get_ident()
        self._route, self._size, self._limits = route, size, limits
        self._owner = Owner(self._free, self._gone)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def here(self) -> bool:
        """Whether its loop is the one that runs in this thread."""
        return self.loop.is_running() and self._thread == get_ident()

    @property
    def in_use(self) -> int:
        """How many carry a request."""
        return len(self._all) - len(self._idle)

    def idle(self) -> Connection | None:
        """One that can be used at once; None where there is none."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def get(self, due: float, *, fresh: bool = False) -> Connection:
        """One to use, opened if need be; a `fresh` one has not been used before.

        Raises NotConnectedError, or BusyError where too many wait or none became free until `due`.
        """
        while not self._closed:
            connection = None if fresh else self.idle()
            if connection is None and len(self._all) + self._opening < self._size.connections:
                connection = await self._opened(due)
            if connection is None:
                connection = await self._freed(due)
            if connection is not None and connection.usable:
                return connection
        raise _closed()

    def close(self) -> None:
        """End all connections; what is under way fails with ClosedError."""
        self._closed = True
        for connection in list(self._all):
            connection.shut(_closed())
        while self._waiting:
            self._hand(None)
        if self._sweep is not None:
            self._sweep.cancel()

    # -- inside ------------------------------------------------------------------------------

    async def _opened(self, due: float) -> Connection:
        self._opening += 1
        place = str(self._route.address)
        try:
            connection = await self._route.opened(
                lambda: Connection(place, self._limits, self._owner),
                within_s=self._limits.connect_s,
                due=due,
            )
        except BaseException:
            self._opening -= 1
            self._hand(None)
            raise
        self._opening -= 1
        self._all.add(connection)
        if self._closed:
            connection.shut(_closed())
        return connection

    async def _freed(self, due: float) -> Connection | None:
        """The next that becomes free; None where one may be opened instead."""
        if len(self._waiting) >= self._size.waiting:
            raise self._busy(f"{len(self._waiting)} requests wait already")
        ticket: asyncio.Future[Connection | None] = self.loop.create_future()
        self._waiting.append(ticket)
        try:
            async with asyncio.timeout_at(_until(due)):
                return await ticket
        except TimeoutError:
            self._return(ticket)
            raise self._busy("none became free in time") from None
        except BaseException:
            self._return(ticket)
            raise

    def _return(self, ticket: asyncio.Future[Connection | None]) -> None:
        """Pass on what whoever waited no longer wants."""
        if not ticket.done() or ticket.cancelled():
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            return
        connection = ticket.result()
        if connection is not None and connection.usable:
            self._free(connection)
        else:
            self._hand(None)

    def _free(self, connection: Connection) -> None:
        if self._waiting and self._hand(connection):
            return
        connection.idle_since = self.loop.time()
        self._idle.append(connection)
        if len(self._idle) > self._size.idle:
            self._idle[0].close()
        elif self._sweep is None and self._size.keepalive_s < math.inf:
            self._sweep = self.loop.call_later(self._size.keepalive_s, self._expire)

    def _gone(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._hand(None)

    def _hand(self, connection: Connection | None) -> bool:
        """Give it to whoever waits longest; None is leave to open one."""
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.done():
                ticket.set_result(connection)
                return True
        return False

    def _expire(self) -> None:
        """Close what has been idle for too long: those at the front were used longest ago."""
        self._sweep = None
        keep, now = self._size.keepalive_s, self.loop.time()
        while self._idle and self._idle[0].idle_since + keep <= now:
            self._idle[0].close()
        if self._idle:
            self._sweep = self.loop.call_at(self._idle[0].idle_since + keep, self._expire)

    def _busy(self, why: str) -> BusyError:
        all_ = f"all {self._size.connections} connections to {self._route.address}"
        return BusyError(f"{all_} are taken, and {why}; raise max_connections or send less")


def _until(when: float) -> float | None:
    return None if when == math.inf else when


def _closed() -> HttpError:
    return ClosedError("the HTTP client was closed")
