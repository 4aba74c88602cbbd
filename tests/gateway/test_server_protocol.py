"""HTTP/1.1 to clients, by the bytes: what is promised to those who do not speak it well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gairp.gateway.serving import protocol
from tests.gateway import world
from tests.gateway.world import served

Said = Callable[[bytes], Awaitable[bytes]]
_POST = b"POST /x?q=1 HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n"


class _Echo:
    """Says what it was asked, in the way that the path wants."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.gone, self.over = asyncio.Event(), asyncio.Event()
        self.tasks: list[asyncio.Task[Any] | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.seen.append(scope)
        self.tasks.append(asyncio.current_task())
        body, more = b"", True
        while more and scope["path"] not in ("/early", "/line", "/pieces"):
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        self.shorter: Any = scope["extensions"]["gairp.line"]
        await getattr(self, scope["path"].strip("/").replace(" ", "_"))(body, receive, send)

    async def x(self, body: bytes, receive: Any, send: Any) -> None:
        headers = [(b"Content-Length", b"%d" % len(body)), (b"x-a", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    a_b = early = x

    async def late(self, body: bytes, receive: Any, send: Any) -> None:
        await self.x(body, receive, send)
        await self.over.wait()

    async def stream(self, body: bytes, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"one", b"", b"three"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def line(self, body: bytes, receive: Any, send: Any) -> None:
        """The shorter way, for as much as is there."""
        whole = self.shorter.body()
        if whole is None:
            message = await receive()
            assert message["more_body"]
            assert self.shorter.body() is None
            whole = message["body"] + (await receive())["body"]
        assert self.shorter.body() is None
        assert not self.shorter.piece(b"too early", more=True)
        assert self.shorter.answer(200, [(b"content-length", b"%d" % len(whole))], whole)
        assert not self.shorter.answer(200, [], b"twice")
        assert not self.shorter.piece(b"too late", more=False)

    async def pieces(self, body: bytes, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        sent = [self.shorter.piece(b"one", more=True), self.shorter.piece(b"two", more=False)]
        assert sent == [True, True]

    async def full(self, body: bytes, receive: Any, send: Any) -> None:
        """A client that reads too slowly: only ASGI's own way waits for it."""
        flow = self.shorter._protocol.flow
        flow.pause_writing()
        assert not self.shorter.answer(200, [], b"")
        flow.resume_writing()
        await self.x(body, receive, send)

    async def forged(self, body: bytes, receive: Any, send: Any) -> None:
        headers = [(b"x-a", b"1\r\nset-cookie: a=b")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def named(self, body: bytes, receive: Any, send: Any) -> None:
        headers = [(b"x a", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def short(self, body: bytes, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"less"})

    async def wait(self, body: bytes, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "http.disconnect"}
        self.gone.set()


@asynccontextmanager
async def _spoken(echo: _Echo) -> AsyncIterator[tuple[Said, asyncio.StreamWriter]]:
    """What comes back within a moment for what is said, on one connection."""
    async with served(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def said(data: bytes) -> bytes:
            writer.write(data)
            got = b""
            while True:
                try:
                    piece = await asyncio.wait_for(reader.read(1 << 20), 0.2)
                except TimeoutError:
                    return got
                if not piece:
                    return got + b"<END>"
                got += piece

        yield said, writer
        writer.close()


def _run(script: Callable[[_Echo, Said, asyncio.StreamWriter], Awaitable[None]]) -> None:
    async def main() -> None:
        echo = _Echo()
        async with _spoken(echo) as (said, writer):
            await script(echo, said, writer)

    asyncio.run(main())


_HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: 1\r\n\r\nhello"


def test_an_answer_is_one_piece_and_the_connection_serves_again() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        assert await said(_POST % 5 + b"\r\nhello") == _HELLO
        assert await said(_POST % 5 + b"\r\nhel") == b""
        assert await said(b"lo") == _HELLO
        scope = echo.seen[0]
        assert (scope["method"], scope["path"], scope["query_string"]) == ("POST", "/x", b"q=1")
        assert scope["headers"] == [(b"host", b"h"), (b"content-length", b"5")]

    _run(script)


def test_requests_that_came_at_once_are_answered_in_turn() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(_POST % 5 + b"\r\nhello" + _POST % 3 + b"\r\nyou")
        assert got == _HELLO + b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx-a: 1\r\n\r\nyou"

    _run(script)


def test_one_task_serves_a_connection_and_ends_with_it() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            assert await said(_POST % 5 + b"\r\nhello") == _HELLO
        task = echo.tasks[0]
        assert echo.tasks == [task] * 3
        assert task is not None
        assert not task.done()
        writer.close()
        await asyncio.wait_for(task, 2)

    _run(script)


def test_a_task_that_is_cancelled_ends_with_its_connection() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        late = (_POST % 5).replace(b"/x", b"/late") + b"\r\nhello"
        assert await said(late) == _HELLO
        task = echo.tasks[0]
        assert task is not None
        task.cancel()
        await asyncio.wait_for(task, 2)
        assert await said(b"") == b"<END>"

    _run(script)


def test_work_after_an_answer_does_not_keep_the_next_request_waiting() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        late = (_POST % 5).replace(b"/x", b"/late") + b"\r\nhello"
        for path in (late, _POST % 5 + b"\r\nhello", late):
            assert await said(path) == _HELLO
        first, second, third = echo.tasks
        assert first is not second
        assert second is third
        assert first is not None
        assert not first.done()
        echo.over.set()
        await asyncio.wait_for(first, 2)
        assert await said(_POST % 5 + b"\r\nhello") == _HELLO
        assert echo.tasks[-1] is second

    _run(script)


def test_the_shorter_way_does_the_same_and_nothing_that_would_wait() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
        asked = b"POST /line HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\n"
        assert await said(asked + b"hello") == answer
        assert await said(asked + b"hel") == b""
        assert await said(b"lo") == answer
        assert await said(b"GET /pieces HTTP/1.1\r\nhost: h\r\n\r\n") == (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        )
        full = b"POST /full HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello"
        assert await said(full) == _HELLO

    _run(script)


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(b"GET /stream HTTP/1.1\r\nhost: h\r\n\r\n")
        assert got == (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
        )

    _run(script)


def test_a_head_is_answered_without_a_body_and_an_escaped_path_is_read() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(b"HEAD /x HTTP/1.1\r\nhost: h\r\n\r\n")
        assert got == b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-a: 1\r\n\r\n"
        assert (await said(b"GET /a%20b HTTP/1.1\r\nhost: h\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert echo.seen[1]["path"] == "/a b"
        assert echo.seen[1]["raw_path"] == b"/a%20b"

    _run(script)


def test_leave_to_send_the_body_is_given_when_it_is_wanted() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(_POST % 5 + b"expect: 100-continue\r\n\r\n")
        assert got == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert await said(b"hello") == _HELLO
        early = _POST.replace(b"/x", b"/early") % 5 + b"expect: 100-continue\r\n\r\n"
        assert (await said(early)).startswith(b"HTTP/1.1 200 OK\r\n")

    _run(script)


@pytest.mark.parametrize("what", [b"/forged", b"/named", b"/short"])
def test_a_head_that_lies_is_not_sent(what: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(b"GET " + what + b" HTTP/1.1\r\nhost: h\r\n\r\n")
        assert got.endswith(b"<END>")
        assert b"set-cookie" not in got
        if what != b"/short":
            assert got.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")

    _run(script)
    assert "Exception in ASGI application" in caplog.text


def test_the_application_hears_that_the_client_has_gone() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        assert await said(b"GET /wait HTTP/1.1\r\nhost: h\r\n\r\n") == b""
        writer.close()
        await asyncio.wait_for(echo.gone.wait(), 2)

    _run(script)


def test_what_is_no_http_is_refused_and_ended() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(b"HELLO\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert got.endswith(b"<END>")
        assert not echo.seen

    _run(script)


def test_an_old_client_is_answered_and_left() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(b"GET /x HTTP/1.0\r\nhost: h\r\n\r\n")
        assert got.endswith(b"connection: close\r\n\r\n<END>")
        assert echo.seen[0]["http_version"] == "1.0"

    _run(script)


def test_a_head_without_an_end_is_refused() -> None:
    """The parser joins what there is of it with every read: that must come to an end."""

    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        got = await said(b"GET /x HTTP/1.1\r\nhost: h\r\nx: " + b"a" * 100_000)
        assert got.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert got.endswith(b"the head is too large<END>")
        assert not echo.seen

    _run(script)


@pytest.mark.parametrize("what", [b"5;%b\r\nhello\r\n", b"5\r\nhello\r\n0\r\nx: %b\r\n"])
def test_what_comes_around_a_body_has_an_end(what: bytes) -> None:
    """Extensions of a chunk; headers behind the body."""

    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        head = b"POST /x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
        got = await said(head + what % (b"a" * 100_000))
        assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert got.endswith(b"<END>")

    _run(script)


def test_a_header_behind_the_body_is_not_of_the_head_and_small_chunks_may_come() -> None:
    async def script(echo: _Echo, said: Said, writer: asyncio.StreamWriter) -> None:
        head = b"POST /x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
        chunks = b"1\r\na\r\n" * 100_000
        got = await said(head + chunks + b"0\r\nauthorization: Bearer other\r\n\r\n")
        assert got.endswith(b"a" * 100_000)
        assert [name for name, _ in echo.seen[0]["headers"]] == [b"host", b"transfer-encoding"]
        assert (await said(_POST % 5 + b"\r\nhello")) == _HELLO
        assert [name for name, _ in echo.seen[1]["headers"]] == [b"host", b"content-length"]

    _run(script)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([b"GET /x HTTP/1.1\r\nhost: h\r\nx: "] + [b"a"] * 9, b"408"),  # drips
        ([_POST % 9 + b"\r\n", b"a"], b"408"),  # stands still
        ([_POST % 9 + b"\r\n"] + [b"a"] * 9, b"200"),  # slow, and comes
        ([_POST % 99 + b"\r\n"] + [b"a"] * 20, b"408"),  # slower
        ([], b"<END>"),
    ],
)
def test_a_request_has_its_time_to_come(
    parts: list[bytes], status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = protocol()
    monkeypatch.setattr(world, "protocol", lambda: {**given, "timeout_keep_alive": 0.25})

    async def main() -> None:
        async with served(_Echo()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for part in parts:
                if reader.at_eof() or reader._buffer:  # type: ignore[attr-defined]
                    break
                writer.write(part)
                await asyncio.sleep(0.08)
            got = await asyncio.wait_for(reader.read(), 5)
            writer.close()
        assert (got or b"<END>").removeprefix(b"HTTP/1.1 ").startswith(status)

    asyncio.run(main())
