"""A mock of a model's server that answers at once: whole, in 20 chunks, or slowly."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, cast

import uvloop

CHUNKS = 20
SLOW_S = 0.5  #: between the chunks of a slow stream
_USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def _answered(content: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}}
    body = json.dumps(
        {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{**choice, "finish_reason": "stop"}], "usage": _USAGE,
        }
    ).encode()  # fmt: skip
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def _chunk(delta: Mapping[str, str], finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    event = {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": choices, **more,
    }  # fmt: skip
    return _framed(b"data: " + json.dumps(event).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


ANSWER = _answered("Hello there, how can I help you today?")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENTS = [
    *[_chunk({"content": f"word{i} "}) for i in range(CHUNKS)],
    _chunk({}, "stop"),
    _chunk({}, choices=[], usage=_USAGE),
    _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n",
]


class Upstream(asyncio.Protocol):
    """One connection; the body says what is wanted of it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's
        self._transport = cast(asyncio.Transport, transport)
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            size = _length(self._data[:end].lower())
            if len(self._data) < end + 4 + size:
                return
            body, self._data = self._data[end + 4 : end + 4 + size], self._data[end + 4 + size :]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if b'"stream":true' not in body and b'"stream": true' not in body:
            self._transport.write(ANSWER)
        elif b"slowly" in body:
            self._transport.write(HEAD)
            self._drip(0)
        else:
            # A write each, as a server that generates has it.
            self._transport.write(HEAD)
            for event in EVENTS:
                self._transport.write(event)

    def _drip(self, at: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(EVENTS[at])
        if at + 1 < len(EVENTS):
            asyncio.get_running_loop().call_later(SLOW_S, self._drip, at + 1)


def _length(head: bytes) -> int:
    at = head.find(b"content-length:")
    return 0 if at < 0 else int(head[at + 15 :].split(b"\r\n", 1)[0])


async def serve(port: int) -> None:
    """Until it is stopped."""
    server = await asyncio.get_running_loop().create_server(
        Upstream, "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(serve(int(sys.argv[1])))
