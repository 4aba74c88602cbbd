"""HTTP/1.1 to clients: uvicorn's protocol, with a shorter way from a request to its answer.

What uvicorn does anew for every request (an event, a timer, two patterns over each header, a write
for the head alone) is done once a connection here, or once for all headers together.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gairp.gateway.exchange.client import LINE

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: What no value may hold; every line of a head ends with two of them, and must hold no more.
_FORBIDDEN = bytes([*range(9), *range(10, 32), 127])
_JOINED = 64 * 1024  #: larger bodies are not copied behind their head
_LENGTH, _CODING, _CONNECTION = b"content-length", b"transfer-encoding", b"connection"
_SPECIAL = frozenset({_LENGTH, _CODING, _CONNECTION})  #: say how the body goes
_PLAIN: set[bytes] = set()  #: other names, in lower case and fit to be sent
_PLAIN_KEPT = 1024
#: Bytes of a head, and of what frames a body, beyond which a request is refused; what one read
#: brings at once is not counted before it is parsed.
_LARGEST_HEAD = 64 * 1024
_FRAMING = 16  #: bytes of framing for each byte of a body, in the smallest of chunks
_BODY_TICKS = 4  #: times the keep-alive timeout that a body may take


class _Trailers(list[tuple[bytes, bytes]]):
    """Where headers go that come behind a body: nobody reads them, and the head stays as it was."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        """Forget it."""


_TRAILERS = _Trailers()


class ServerProtocol(HttpToolsProtocol):
    """One connection of a client."""

    _idle_since = 0.0
    #: Takes the next request: the task that has answered the one before it waits for that.
    _next: asyncio.Future[Cycle | None] | None = None
    _server: asyncio.Task[None] | None = None
    #: The request that was still coming at the last read, and its bytes so far.
    _coming: Any = None
    _came = 0
    #: The request that was still coming when the timer last looked, and how often it was.
    _slow: Any = None
    _looked = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client; it has as long for its first request as for the next ones."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._expect(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        self._idle_since = self.loop.time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
            return
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()
            return
        cycle: Any = self.cycle
        scope: Any = self.scope
        if scope is None or "method" not in scope or (cycle is not None and cycle.more_body):
            self._still_coming(len(data))

    def _still_coming(self, size: int) -> None:
        """A request is not whole with this read. The parser joins a header's pieces however many
        they are, each time anew: without an end to it, one client would take the core and memory.
        """
        scope: Any = self.scope
        if self._coming is not scope:
            self._coming, self._came = scope, 0
        self._came += size
        if scope is None or "method" not in scope:
            if self._came > _LARGEST_HEAD:
                self._refuse(431, "the head is too large")
            return
        cycle: Any = self.cycle
        if self._came - cycle.size > _LARGEST_HEAD + _FRAMING * cycle.size:
            self._refuse(400, "there is more around the body than in it")

    def _refuse(self, status: int, why: str) -> None:
        """Answer, where no answer is under way, and end the connection."""
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        if cycle is None or not cycle.response_started or cycle.response_complete:
            head = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(why) + why.encode())
        self.transport.close()

    def on_headers_complete(self) -> None:
        """A request begins; its body may not have come yet."""
        parser, url = self.parser, self.url
        scope: Any = self.scope
        version = parser.get_http_version()
        scope["method"] = parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        query = b""
        if not url.startswith(b"/") or b"?" in url or b"#" in url:
            parsed = httptools.parse_url(url)
            url, query = parsed.path or b"/", parsed.query or b""
        path = url.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"], scope["query_string"] = url, query
        keep_alive = version != "1.0" and parser.should_keep_alive()
        before = self.cycle
        self.headers = _TRAILERS
        cycle: Any = Cycle(self, scope, keep_alive=keep_alive)
        cycle.continued = not self.expect_100_continue
        scope["extensions"] = {LINE: cycle}
        self.cycle = cycle
        if before is None or before.response_complete:
            self._begin(cycle)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _begin(self, cycle: Cycle) -> None:
        following, self._next = self._next, None
        if following is None or following.done():
            self._server = self.loop.create_task(self._serve(cycle))
        else:
            following.set_result(cycle)
        assert self._server is not None
        cycle.task = self._server
        self.tasks.add(self._server)

    async def _serve(self, cycle: Cycle | None) -> None:
        """Answer it, and what comes after it: a task a connection costs less than one a request.

        A request that comes before the work for its predecessor is over has a task of its own.
        """
        while cycle is not None:
            task = cycle.task
            await cycle.run(self.app)
            cycle = None  # it must not be kept until another one comes
            if self.transport.is_closing() or task.cancelling() or task is not self._server:
                return
            self._next = self.loop.create_future()
            cycle = await self._next

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        cycle: Any = self.cycle
        size = len(body)
        cycle.size += size
        if cycle.response_complete:
            return
        cycle.pieces.append(body)
        cycle.waiting += size
        if cycle.waiting > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.news = True  # as `wake`, without a call
        if cycle.awaited is not None:
            cycle.awaited.set()

    def on_message_complete(self) -> None:
        """The body is whole."""
        cycle: Any = self.cycle
        cycle.more_body = False
        if not cycle.response_complete:
            cycle.news = True
            if cycle.awaited is not None:
                cycle.awaited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        cycle: Any = self.cycle
        following, self._next = self._next, None
        if following is not None and not following.done():
            following.set_result(None)
        self._server = None
        self.cycle = None  # type: ignore[assignment]  # uvicorn's own way of waking it is another
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if cycle is not None:
            cycle.disconnected = not cycle.response_complete
            cycle.wake()

    def shutdown(self) -> None:
        """End the connection, after the answer that is under way."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Go on with what came meanwhile, or wait."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle: Any = self.pipeline.pop()[0]
            self._begin(cycle)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._expect(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close what nobody has used for so long: one timer, however many requests there were."""
        self.timeout_keep_alive_task = None
        if self.transport.is_closing():
            return
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if self._too_slow(left_s <= 0.0):
            self._refuse(408, "the request took too long to come")
        elif self.cycle is not None and not self.cycle.response_complete:
            self._expect(self.timeout_keep_alive)
        elif left_s > 0.0:
            self._expect(left_s)
        else:
            self.transport.close()

    def _too_slow(self, idle: bool) -> bool:
        """Whether a head has not ended since the timer looked last, or a body stands still, or has
        come for long: looked at now and then, so that a request in time costs nothing.
        """
        cycle: Any = self.cycle
        scope: Any = self.scope
        body = cycle is not None and cycle.more_body and not cycle.response_complete
        if scope is None or not (body or "method" not in scope):
            self._slow = None
            return False
        if self._slow is not scope:
            self._slow, self._looked = scope, 0
        self._looked += 1
        return idle or self._looked > (_BODY_TICKS if "method" in scope else 1)

    def _expect(self, seconds: float) -> None:
        handler = self.timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(seconds, handler)


class Cycle:
    """One request and its answer, as ASGI wants them."""

    __slots__ = (
        "_chunked", "_head", "_left", "_protocol", "awaited", "continued", "disconnected",
        "keep_alive", "more_body", "news", "pieces", "response_complete", "response_started",
        "scope", "size", "task", "waiting",
    )  # fmt: skip

    def __init__(
        self, protocol: ServerProtocol, scope: dict[str, Any], *, keep_alive: bool
    ) -> None:
        self.scope, self.keep_alive, self._protocol = scope, keep_alive, protocol
        self.continued = True  #: nobody waits for leave to send the body
        self.disconnected = self.response_started = self.response_complete = False
        self.more_body, self.news = True, False
        self.pieces: list[bytes] = []
        self.waiting = 0  #: bytes that were not read yet
        self.size = 0  #: bytes of the body so far
        self.task: Any = None
        self.awaited: asyncio.Event | None = None  #: set when there are news
        self._head: bytes | None = None
        self._chunked = False
        self._left = 0  # bytes of the body that the head has promised

    async def run(self, app: Any) -> None:
        """Let the application answer; whatever goes wrong ends the connection or the request."""
        protocol = self._protocol
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:
            protocol.logger.error("Exception in ASGI application\n", exc_info=error)
            await self._broken()
        else:
            if not (self.response_complete or self.disconnected):
                protocol.logger.error("the application returned without a whole response")
                await self._broken()
        finally:
            protocol.tasks.discard(self.task)
            self.task = None
            self.scope.pop("extensions", None)  # a cycle would wait for the garbage collector

    async def _broken(self) -> None:
        if self.response_started:
            self._protocol.transport.close()
            return
        body = b"Internal Server Error"
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"), (_LENGTH, b"%d" % len(body)),
            (_CONNECTION, b"close"),
        ]  # fmt: skip
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    # -- what has come ---------------------------------------------------------------------

    def wake(self) -> None:
        """Something has come, or the client has gone."""
        self.news = True
        if self.awaited is not None:
            self.awaited.set()

    async def receive(self) -> dict[str, Any]:
        """ASGI: what there is of the body, or that the client has gone."""
        protocol = self._protocol
        if not self.continued:
            self.continued = True
            if not protocol.transport.is_closing():
                protocol.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.news or self.disconnected or self.response_complete):
            protocol.flow.resume_reading()
            event = self.awaited = self.awaited or asyncio.Event()
            await event.wait()
            event.clear()
        self.news = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces = self.pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.pieces, self.waiting = [], 0
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def body(self) -> bytes | None:
        """The whole body, as one `receive` would give it; None where that would have to wait."""
        if self.more_body or not self.news or not self.continued or self.response_complete:
            return None
        pieces = self.pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.pieces, self.waiting, self.news = [], 0, False
        return body

    # -- what goes -------------------------------------------------------------------------

    def answer(self, status: int, headers: Any, body: bytes) -> bool:
        """A whole answer, as two `send`; False, and nothing is done, where these would wait."""
        if self._protocol.flow.write_paused or self.response_started:
            return False
        if not self.disconnected:
            self._start(status, headers)
            self._write(body, more=False)
        return True

    def piece(self, body: bytes, *, more: bool) -> bool:
        """A piece of an answer that has begun, as `answer`."""
        if self._protocol.flow.write_paused or not self.response_started or self.response_complete:
            return False
        if not self.disconnected:
            self._write(body, more=more)
        return True

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI: the head, which waits for the first of the body, or more of the body."""
        protocol = self._protocol
        flow: FlowControl = protocol.flow
        if flow.write_paused and not self.disconnected:
            await flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.body" and self.response_started and not self.response_complete:
            self._write(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start" and not self.response_started:
            self._start(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"{kind!r} was sent at a moment when nobody expects it")

    def _start(self, status: int, given: Any) -> None:
        headers = [*self._protocol.server_state.default_headers, *given]
        sized = closed = False
        for i, (name, value) in enumerate(headers):
            if name in _PLAIN:
                continue
            lower = name if name in _SPECIAL else _checked(name)
            headers[i] = lower, value
            if lower == _LENGTH:
                self._left, sized = int(value), True
            elif lower == _CODING and value.lower() == b"chunked":
                self._chunked = True
            elif lower == _CONNECTION and b"close" in value.lower():
                self.keep_alive, closed = False, True
        head = b"\r\n".join([STATUS_LINE[status][:-2], *map(b": ".join, headers), b""])
        if len(head) - len(head.translate(None, _FORBIDDEN)) != 2 * len(headers) + 2:
            raise RuntimeError("a header holds a line break or a control character")
        if not (self.keep_alive or closed):
            head += b"connection: close\r\n"
        bodiless = status in (204, 304) or self.scope["method"] == "HEAD"
        if not (sized or self._chunked or bodiless):
            self._chunked = True
            head += b"transfer-encoding: chunked\r\n"
        if bodiless:
            self._left, self._chunked = 0, False
        self._head = head + b"\r\n"
        self.response_started = self.continued = True

    def _write(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                data += b"0\r\n\r\n"
        else:
            data = body
            self._left -= len(body)
            if self._left < 0:
                raise RuntimeError("Response content longer than Content-Length")
        transport = self._protocol.transport
        head, self._head = self._head, None
        if head is not None:
            if len(data) <= _JOINED:
                data = head + data
            else:
                transport.write(head)
        transport.write(data)
        if not more:
            self._end()

    def _end(self) -> None:
        protocol = self._protocol
        if self._left > 0:
            raise RuntimeError("Response content shorter than Content-Length")
        self.response_complete = True
        self.wake()
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


def _checked(name: bytes) -> bytes:
    """The name in lower case; RuntimeError where it is none."""
    if not _NAME.fullmatch(name):
        raise RuntimeError(f"{name[:60]!r} is no name of a header")
    lower = name.lower()
    if lower not in _SPECIAL and len(_PLAIN) < _PLAIN_KEPT:
        _PLAIN.add(lower)
    return lower
