"""A server for tests that sends exactly the bytes that it is told, as slowly as it is told."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

HANG = "hang"
RESET = "reset"
CLOSE = "close"
#: Bytes to send in one HTTP chunk, seconds to wait, or something violent.
Step = bytes | float | str


class Served(msgspec.Struct):
    """What the server saw: bodies and heads in their order, connections that clients closed."""

    port: int = 0
    bodies: list[Any] = []
    heads: list[str] = []
    connections: int = 0
    gone: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def event(data: Any) -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"data: {text}\n\n".encode()


def chat(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    """One event of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"model": "served-1", "choices": [choice], **fields})


def usage(given: Any, made: Any, **fields: Any) -> bytes:
    """The event that holds the usage."""
    counts = {"prompt_tokens": given, "completion_tokens": made, **fields}
    return event({"model": "served-1", "choices": [], "usage": counts})


DONE = event("[DONE]")


@asynccontextmanager
async def raw_server(
    told: Iterable[Step],
    *,
    status: int = 200,
    content_type: str = "text/event-stream",
    headers: Sequence[str] = (),
) -> AsyncIterator[Served]:
    """Answers every request with these steps, in HTTP chunks; keeps connections open."""
    served, steps = Served(bodies=[], heads=[]), list(told)
    top = [f"HTTP/1.1 {status} X", "Transfer-Encoding: chunked", *headers]
    top += [f"Content-Type: {content_type}"] if content_type else []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        served.heads.append(head)
        served.bodies.append(json.loads(await reader.readexactly(length)))
        if steps[:1] == [RESET]:
            _reset(writer)
        writer.write("\r\n".join([*top, "\r\n"]).encode())
        await _send(steps, reader, writer)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        handlers[asyncio.current_task()] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await answer(reader, writer)
        served.gone += 1
        writer.close()

    handlers: dict[Any, asyncio.StreamWriter] = {}
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    async with server:
        yield served
        for writer in handlers.values():
            writer.transport.abort()
        await asyncio.gather(*handlers, return_exceptions=True)


async def _send(
    steps: Iterable[Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    for step in steps:
        if isinstance(step, bytes):
            writer.write(b"%x\r\n%b\r\n" % (len(step), step))
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        elif step == RESET:
            _reset(writer)
        elif step == CLOSE:
            raise ConnectionResetError
        else:
            await reader.read(1)  # until the client leaves
            raise ConnectionResetError
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the client sees a reset, not an end: nothing lingers."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
    raise ConnectionResetError
