"""One connection: requests in, replies out, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from gairp.backends.fake.http import BadRequestError, Received, parse_head, whole
from gairp.backends.fake.inbox import Inbox
from gairp.backends.fake.ledger import End
from gairp.backends.fake.outbox import Outbox
from gairp.backends.fake.service import Turn

if TYPE_CHECKING:
    from gairp.backends.fake.server import FakeServer


class Connection(asyncio.Protocol):
    """A client that hangs up ends what is under way."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._inbox = Inbox()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._outbox = transport, Outbox(transport)
        self._server.open_ones.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        self._inbox.put(data)

    def eof_received(self) -> None:
        """The client has closed its side: nobody waits for the answer."""
        self._task.cancel()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._server.open_ones.discard(self)
        self._task.cancel()

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._outbox.flowing.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._outbox.flowing.set()

    def end(self) -> None:
        """End it once what is written has been sent."""
        self._task.cancel()
        self._transport.close()

    async def abort(self) -> None:
        """End it, and wait until nothing is under way."""
        self._transport.abort()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _serve(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while await self._turn():
                pass
        self._transport.close()

    async def _turn(self) -> bool:
        """One request; whether the connection may be used again."""
        try:
            received = await self._received()
        except BadRequestError as error:
            refusal = whole(400, str(error).encode(), content_type="text/plain")
            await self._outbox.send(refusal, None)
            return False
        ended = await self._answer(Turn(received=received))
        return ended == "answered" and received.keep_alive

    async def _received(self) -> Received:
        received = parse_head(await self._inbox.head())
        if "expect" in received.headers:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        received.body = await self._inbox.body(received)
        return received

    async def _answer(self, turn: Turn) -> End:
        service = self._server.service
        ended: End = "left"
        try:
            reply = await service.reply(turn)
            ended = await self._outbox.send(reply, turn.call)
        except Exception as error:
            self._server.failed(error)
            ended = "broken"
        finally:
            service.close(turn, ended)
            if turn.call is not None:
                self._server.answered()
        return ended
