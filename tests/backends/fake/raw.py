"""A client that shows every byte, and when it came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from gairp.backends.fake import FakeServer, Program
from gairp.backends.fake.ledger import Call

TEXT = "one two three four five six"
HELLO = [{"role": "user", "content": "hello wide world"}]


class Heard(NamedTuple):
    """What came over one connection until it ended."""

    reads: list[bytes]
    ended: str  #: "closed", "reset", or "silent" where nothing more came for a while

    @property
    def raw(self) -> bytes:
        return b"".join(self.reads)

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def status(self) -> int:
        return int(self.head.split(b" ")[1])

    @property
    def body(self) -> bytes:
        """Without the frames of HTTP chunks."""
        body = self.raw.partition(b"\r\n\r\n")[2]
        if b"chunked" not in self.head:
            return body
        parts = []
        while body:
            size, _, body = body.partition(b"\r\n")
            parts.append(body[: int(size, 16)])
            body = body[int(size, 16) + 2 :]
        return b"".join(parts)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of all events, parsed; `[DONE]` and what is no JSON as text."""
        lines = self.body.replace(b"\r\n", b"\n").split(b"\n")
        return [_parsed(line[6:]) for line in lines if line.startswith(b"data: ")]

    @property
    def text(self) -> str:
        """The text of a streamed chat."""
        chunks = [event for event in self.events if isinstance(event, dict)]
        choices = [choice for chunk in chunks for choice in chunk.get("choices", ())]
        return "".join(choice["delta"].get("content") or "" for choice in choices)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


async def ask(
    server: FakeServer,
    body: Mapping[str, Any] | None = None,
    *,
    path: str = "/v1/chat/completions",
    headers: Mapping[str, str] | None = None,
    quiet_s: float = 0.25,
    total_s: float = 5.0,
) -> Heard:
    """One request on a connection of its own, heard to its end."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    data = json.dumps({"model": "m", "messages": HELLO} | dict(body or {})).encode()
    lines = {"Host": "x", "Content-Length": str(len(data)), "Connection": "close"}
    head = "".join(f"{k}: {v}\r\n" for k, v in {**lines, **(headers or {})}.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + data)
    reads, ended = [], "closed"
    try:
        async with asyncio.timeout(total_s):
            while read := await asyncio.wait_for(reader.read(65536), quiet_s):
                reads.append(read)
    except TimeoutError:
        ended = "silent"
    except ConnectionError:
        ended = "reset"
    writer.close()
    return Heard(reads, ended)


def heard(
    program: Program | Mapping[str, Any], body: Mapping[str, Any] | None = None, **kwargs: Any
) -> tuple[Heard, Call]:
    """What one call to a server with this program gives, and its last entry in the account."""

    async def run() -> tuple[Heard, Call]:
        async with FakeServer(program) as server:
            answer = await ask(server, body, **kwargs)
            await asyncio.sleep(0.01)
        return answer, server.ledger.calls()[-1]

    return asyncio.run(run())


def struck(
    fault: Mapping[str, Any] | str, *, stream: bool = True, answer: str = TEXT, total_s: float = 5.0
) -> tuple[Heard, Call]:
    """One call to a server with one fault; usage is asked for in streams."""
    asked = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    program = {"models": {"m": {"answer": {"text": answer}}}, "faults": [fault]}
    return heard(program, asked, total_s=total_s)
