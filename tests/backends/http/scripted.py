"""A server for tests that answers each request with the bytes that it is told to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import msgspec
import uvloop

from gairp.backends.http import HttpClient

T = TypeVar("T")
Loop = str  #: "asyncio" or "uvloop"
LOOPS: tuple[Loop, ...] = ("asyncio", "uvloop")

HANG = "hang"  #: say nothing until the client leaves
RESET = "reset"
CLOSE = "close"
#: Bytes to send, seconds to wait, or something violent.
Step = bytes | float | str
Answer = Callable[["Seen"], Awaitable[tuple[Step, ...]] | tuple[Step, ...]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Seen(msgspec.Struct):
    """What came: whole requests in their order, and how many connections there were and ended."""

    port: int = 0
    requests: list[bytes] = []
    connections: int = 0
    gone: int = 0
    running: int = 0
    most: int = 0  #: requests that ran at once

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def scripted(
    *answers: tuple[Step, ...] | Answer, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Seen]:
    """The n-th request gets the n-th answer, those after the last get the last."""
    seen = Seen(requests=[])
    tasks: set[Any] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        tasks.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                seen.requests.append(await _request(reader))
                told = answers[min(len(seen.requests), len(answers)) - 1]
                seen.running += 1
                seen.most = max(seen.most, seen.running)
                try:
                    steps = told(seen) if callable(told) else told
                    await _send(steps if isinstance(steps, tuple) else await steps, reader, writer)
                finally:
                    seen.running -= 1
        seen.gone += 1
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run(main: Coroutine[Any, Any, T], loop: Loop = "asyncio") -> T:
    """Its result, in a loop of that kind."""
    factory = uvloop.new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


async def until(true: Callable[[], bool], *, within_s: float = 2.0) -> None:
    """Wait for what another task does."""
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def client_of(seen: Seen, **settings: Any) -> AsyncIterator[HttpClient]:
    """A client that is closed in the end."""
    client = HttpClient(settings.pop("url", seen.url), **settings)
    try:
        yield client
    finally:
        await client.aclose()


def ask(*answers: tuple[Step, ...], method: str = "GET", **settings: Any) -> tuple[int, bytes]:
    """Status and body of the first request to such a server."""

    async def main() -> tuple[int, bytes]:
        async with scripted(*answers) as seen, client_of(seen, **settings) as client:
            response = await client.request(method, "/")
            return response.status, await response.read()

    return run(main())


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    _, found, rest = head.lower().partition(b"content-length:")
    return head + (await reader.readexactly(int(rest.split()[0])) if found else b"")


async def _send(
    steps: tuple[Step, ...], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    for step in steps:
        if isinstance(step, bytes):
            if writer.transport.is_closing():
                raise ConnectionResetError
            writer.write(step)
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        elif step == RESET:
            linger = struct.pack("ii", 1, 0)
            taken = writer.get_extra_info("socket")
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            raise ConnectionResetError
        else:
            if step == HANG:
                await reader.read(1)
            raise ConnectionResetError
