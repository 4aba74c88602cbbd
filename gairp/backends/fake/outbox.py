"""How pieces get onto a connection: framed, paced, and broken where they say so."""

from __future__ import annotations

import asyncio
import socket
import struct

from gairp.backends.fake.ledger import Call, End
from gairp.backends.fake.piece import Act, Reply

_LINGER_0 = struct.pack("ii", 1, 0)  # closing such a socket sends a reset
_READ_S = 0.01  # what was sent is read before a reset overtakes it
_SOON_S = 0.0005  # shorter waits are made up for later: a sleep is seldom more exact
_YIELD_EVERY = 64  # writes without a wait, after which others get their turn


class Outbox:
    """Writes replies; `flowing` is cleared while the client reads slower than that."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._held = b""  # a head, which goes out with what follows it

    async def send(self, reply: Reply, call: Call | None) -> End:
        """The whole reply; says how it ended."""
        now = asyncio.get_running_loop().time
        due, written = now(), 0
        for piece in reply.pieces:
            if piece.wait_s > 0:
                due += piece.wait_s
                if (left := due - now()) > _SOON_S:
                    self._flush()
                    await asyncio.sleep(left)
            if piece.act is not None:
                await self._act(piece.act)
                return "broken"
            if piece.role == "head":
                self._held = piece.data
                continue
            if self.transport.is_closing():
                await asyncio.sleep(0)  # the client has left: that ends this task
            if piece.data:
                self._write(piece.data, chunked=reply.chunked)
            if call is not None:
                call.sent_tokens += piece.tokens
            written += 1
            if written % _YIELD_EVERY == 0 or not self.flowing.is_set():
                await asyncio.sleep(0)
                await self.flowing.wait()
        self._finish(reply)
        return "answered"

    def _write(self, data: bytes, *, chunked: bool) -> None:
        if chunked:
            data = b"%b%x\r\n%b\r\n" % (self._held, len(data), data)
        elif self._held:
            data = self._held + data
        self._held = b""
        self.transport.write(data)

    def _finish(self, reply: Reply) -> None:
        self._flush()
        if reply.chunked:
            self.transport.write(b"0\r\n\r\n")

    def _flush(self) -> None:
        if self._held:
            self.transport.write(self._held)
            self._held = b""

    async def _act(self, act: Act) -> None:
        self._flush()
        if act is Act.END:
            self.transport.write(b"0\r\n\r\n")
        elif act is Act.CLOSE:
            self.transport.close()
        elif act is Act.HANG:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(_READ_S)
            self._reset()

    def _reset(self) -> None:
        connection: socket.socket | None = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        self.transport.abort()
