"""An answer as it comes: the head at once, the body when it is asked for."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from gairp.backends.http.errors import ClosedError, HttpError
from gairp.backends.http.outgoing import Header

_HIGH, _LOW = 128 * 1024, 32 * 1024  # bytes held for a slow reader before the server has to wait
_JOINED = 64 * 1024  # small pieces that came together are handed on as one


class Source(Protocol):
    """The connection that the answer comes from, until it has ended."""

    def hold(self) -> None:
        """Let the server wait."""

    def go_on(self) -> None:
        """Let it no longer."""

    def shut(self, error: HttpError) -> None:
        """End the connection, and with it the answer."""


class Response:
    """`headers` are the pairs as they were sent, `body` the bytes without HTTP's own framing.

    One task reads at a time: by `read`, by `async for`, or by `pipe`. What had arrived before an
    error is handed out before the error. An answer that is not read to its end keeps its
    connection until `close`, or the end of `async with`; cancelling a reader closes it.
    """

    __slots__ = (
        "_error", "_high", "_loop", "_pieces", "_sink", "_size", "_source", "_waiter", "complete",
        "headers", "held", "received", "status",
    )  # fmt: skip

    def __init__(
        self, source: Source | None = None, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """`loop` is the one that the source lives in; it takes time to ask for it."""
        self._loop = loop
        self.status = 0  #: 0 until the head is there
        self.headers: list[Header] = []
        self.received = 0  #: bytes of the body until now, read or not
        self.complete = False  #: the last byte has come, read or not
        self.held = False  #: the server is made to wait
        self._source = source
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._high: float = _HIGH
        self._error: HttpError | None = None
        self._sink: Callable[[bytes], object] | None = None
        self._waiter: asyncio.Future[None] | None = None

    # -- the caller's side ------------------------------------------------------------------

    def header(self, name: bytes) -> bytes | None:
        """The first value under a name in lower case; None where it is not there."""
        return next((value for n, value in self.headers if n.lower() == name), None)

    def __aiter__(self) -> Response:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self.complete:
                raise StopAsyncIteration
            await self.wait()
        return self._take()

    async def read(self) -> bytes:
        """What is left of the body, in one; does not wait where all of it has come.

        Raises HttpError with what had arrived in `partial`.
        """
        if not self.complete:
            self._high = math.inf
            self.resume()
            await self._whole()
        return self.take()

    def take(self) -> bytes:
        """All of the body that has come and was not read yet."""
        pieces = self._pieces
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._size = 0
        return whole

    async def pipe(self, on_data: Callable[[bytes], object]) -> None:
        """Hand on each piece the moment that it comes, from inside the event loop's read.

        Returns once the last was handed on. `pause` and `resume` are for a receiver that is
        behind. Whatever `on_data` raises ends the connection, and is raised here.
        """
        try:
            for piece in self._pieces:
                on_data(piece)
        except BaseException:
            self.close()
            raise
        self._forget()
        self._sink = on_data
        self.resume()
        while not self.complete:
            await self.wait()

    def pause(self) -> None:
        """Let the server wait, where the answer has not come whole."""
        if self._source is not None and not self.held:
            self.held = True
            self._source.hold()

    def resume(self) -> None:
        """Let it go on."""
        if self.held and self._source is not None:
            self.held = False
            self._source.go_on()

    def close(self) -> None:
        """No more of it is wanted. Ends the connection if more would have come."""
        if self._source is not None:
            self._source.shut(ClosedError("the response was closed before it was whole"))

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def head(self) -> None:
        """Until status and headers are there; raises the error that came instead."""
        while not self.status:
            await self.wait()

    async def wait(self) -> None:
        """Until something more has come; raises the error that it broke with."""
        if self._error is not None:
            raise self._error
        if self._waiter is not None:
            raise RuntimeError("a response is read by one task at a time")
        self._waiter = (self._loop or asyncio.get_running_loop()).create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

    async def _whole(self) -> None:
        try:
            while not self.complete:
                await self.wait()
        except HttpError as error:
            error.partial = b"".join(self._pieces)
            raise

    def _take(self) -> bytes:
        pieces = self._pieces
        if len(pieces) > 1 and self._size <= _JOINED:
            piece = b"".join(pieces)
            self._forget()
        else:
            piece = pieces.popleft()
            self._size -= len(piece)
        if self.held and self._size <= _LOW:
            self.resume()
        return piece

    def _forget(self) -> None:
        self._pieces.clear()
        self._size = 0

    # -- the connection's side --------------------------------------------------------------

    def put(self, data: bytes) -> None:
        """More of the body."""
        self.received += len(data)
        if self._sink is not None:
            self._sink(data)
        else:
            self._pieces.append(data)
            self._size += len(data)

    def arrived(self) -> None:
        """All of one read was put: wake the reader, or slow the server down."""
        if self._sink is None:
            self._wake()
            if self._size > self._high:
                self.pause()

    def end(self) -> None:
        """There is no more."""
        self.complete = True
        self._source = None
        self._wake()

    def fail(self, error: HttpError) -> None:
        """There is no more, though there should be."""
        self._error = error
        self._source = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
