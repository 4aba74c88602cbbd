"""The client's side of a request, over ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol

from gairp.gateway.errors import ApiError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]
_JSON = (b"content-type", b"application/json")
LINE = "gairp.line"  #: the extension of ASGI under which a server gives its `Line`


class Line(Protocol):
    """What our own server has beside ASGI: the same without a coroutine and a dict for each step.

    What would have to wait is not done, and whoever calls goes the way of ASGI.
    """

    def body(self) -> bytes | None:
        """The whole body of the request."""
        ...

    def answer(self, status: int, headers: Headers, body: bytes) -> bool:
        """A whole answer; whether it is on its way."""
        ...

    def piece(self, body: bytes, *, more: bool) -> bool:
        """A piece of an answer that has begun, the last one without `more`; whether it is sent."""
        ...


def line_of(scope: Mapping[str, Any]) -> Line | None:
    """None with another server."""
    extensions = scope.get("extensions")
    line: Line | None = None if extensions is None else extensions.get(LINE)
    return line


async def read_body(receive: Receive, limit: int, line: Line | None = None) -> bytes:
    """The whole body; ApiError 413 past `limit` bytes, 499 where the client has left."""
    if line is not None:
        whole = line.body()
        if whole is not None:
            if len(whole) > limit:
                raise _too_large(limit)
            return whole
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ApiError(499, "the client left before its request had come")
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    pieces, size = [body], len(body)
    while message.get("more_body"):
        if size > limit:
            raise _too_large(limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError(499, "the client left before its request had come")
        piece: bytes = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
    if size > limit:
        raise _too_large(limit)
    return b"".join(pieces)


class Client:
    """Sends the answer: whole, or begun and ended."""

    __slots__ = ("_send", "line", "started", "status")

    def __init__(self, send: Send, line: Line | None = None) -> None:
        self._send, self.line = send, line
        self.started = False
        self.status = 0

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """The whole answer in one."""
        self.started, self.status = True, status
        headers = [*headers, (b"content-length", b"%d" % len(body))]
        if self.line is not None and self.line.answer(status, headers, body):
            return
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, headers: Headers) -> None:
        """The head of a stream."""
        self.started, self.status = True, 200
        await self._send({"type": "http.response.start", "status": 200, "headers": list(headers)})

    async def write(self, piece: bytes) -> None:
        """More of it."""
        if self.line is None or not self.line.piece(piece, more=True):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, piece: bytes = b"") -> None:
        """The last of it."""
        if self.line is None or not self.line.piece(piece, more=False):
            await self._send({"type": "http.response.body", "body": piece})

    async def error(self, error: ApiError, headers: Headers = ()) -> None:
        """An error in place of an answer."""
        await self.whole(error.status, [_JSON, *error.raw_headers(), *headers], error.body())


class Departure:
    """Notices that the client has left, and cancels whoever works for it.

    Watching costs a task, so that it begins only where an answer takes its time.
    """

    __slots__ = ("_gone", "_loop", "_patience", "_receive", "_task", "_watcher")

    def __init__(
        self, receive: Receive, gone: Callable[[], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._receive, self._gone, self._loop = receive, gone, loop
        self._task = asyncio.current_task(loop)
        self._patience: Patience | None = None
        self._watcher: asyncio.Task[None] | None = None

    def watch_after(self, patience: Patience) -> None:
        """Begin in a while, unless it is over by then."""
        self._patience = patience
        patience.add(self, self._loop)

    def watch(self) -> None:
        """Begin now, unless it is over."""
        if self._task is None:
            return
        if self._watcher is None:
            self._watcher = self._loop.create_task(self._wait())

    def over(self) -> None:
        """The answer is there. Lets go of all: a cycle would wait for the garbage collector."""
        if self._patience is not None:
            self._patience.remove(self)
        if self._watcher is not None:
            self._watcher.cancel()
        self._patience = self._watcher = self._task = None
        self._gone = nothing

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone()
        if self._task is not None:
            self._task.cancel()


class Patience:
    """Lets watching begin `seconds` after it was asked for: one timer for all who wait."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[Departure, float] = {}  # -> when; the first is the next
        self._timer: asyncio.TimerHandle | None = None

    def add(self, departure: Departure, loop: asyncio.AbstractEventLoop) -> None:
        """One more waits."""
        self._waiting[departure] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._off, loop)

    def remove(self, departure: Departure) -> None:
        """It is over, or has begun."""
        self._waiting.pop(departure, None)

    def _off(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._waiting:
            departure, due = next(iter(self._waiting.items()))
            if due > now:
                self._timer = loop.call_at(due, self._off, loop)
                return
            del self._waiting[departure]
            departure.watch()


def nothing() -> None:
    """Called in place of what is over."""


def _too_large(limit: int) -> ApiError:
    return ApiError(
        413, f"the body is larger than {limit:,} bytes; send less", code="request_too_large"
    )
