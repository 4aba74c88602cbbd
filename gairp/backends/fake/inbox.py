"""What a client has sent and nobody has read yet."""

from __future__ import annotations

import asyncio

from gairp.backends.fake.http import BadRequestError, Received

_LARGEST_HEAD = 64 * 1024
_LARGEST_BODY = 64 * 1024 * 1024


class Inbox:
    """Bytes come in by `put`; `head` and `body` wait until theirs are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._more: asyncio.Future[None] | None = None

    def put(self, data: bytes) -> None:
        """Bytes have come."""
        self._buffer += data
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    async def head(self) -> bytes:
        """The head of the next request; BadRequestError where it has no end."""
        return await self._until(b"\r\n\r\n", _LARGEST_HEAD)

    async def body(self, received: Received) -> bytes:
        """The body that belongs to a head; BadRequestError where it is too large."""
        if received.headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunked()
        try:
            length = int(received.headers.get("content-length", 0))
        except ValueError as error:
            raise BadRequestError(f"Content-Length: {error}") from error
        if not 0 <= length <= _LARGEST_BODY:
            raise BadRequestError(f"a body of {length} bytes is not read here")
        return await self._take(length) if length else b""

    async def _chunked(self) -> bytes:
        parts: list[bytes] = []
        while True:
            line = await self._until(b"\r\n", 256)
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError as error:
                raise BadRequestError(f"no size of a chunk: {line!r}") from error
            if size > _LARGEST_BODY:
                raise BadRequestError(f"a chunk of {size} bytes is not read here")
            chunk = await self._take(size + 2)
            if not size:
                return b"".join(parts)
            parts.append(chunk[:-2])

    async def _until(self, end: bytes, largest: int) -> bytes:
        while (at := self._buffer.find(end)) < 0:
            if len(self._buffer) > largest:
                raise BadRequestError(f"no end of a head or line in {largest} bytes")
            await self._wait()
        return (await self._take(at + len(end)))[: -len(end)]

    async def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            await self._wait()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _wait(self) -> None:
        self._more = asyncio.get_running_loop().create_future()
        await self._more
