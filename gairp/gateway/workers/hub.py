"""The learner's end of its Unix socket: tells workers its state, and answers what clients ask."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gairp.errors import GairpError
from gairp.gateway.errors import ApiError
from gairp.gateway.feedback import FeedbackDesk
from gairp.gateway.learners.recents import explained
from gairp.gateway.workers.merger import Merger
from gairp.gateway.workers.publisher import Publisher
from gairp.gateway.workers.recalled import Recalled
from gairp.gateway.workers.wire import (
    Answer,
    Ask,
    Features,
    Hello,
    Kept,
    State,
    Told,
    framed,
    heard,
    refused,
)
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_BEHIND = 256 << 20  #: bytes that a worker may leave unread before it is cut off


class Hub:
    """One connection a worker.

    Before a question is answered all that the workers have written is taken in: a client that has
    its answer knows a decision that the worker wrote before.
    """

    def __init__(
        self, merger: Merger, publisher: Publisher, recalled: Recalled, *, kept: int = 50_000
    ) -> None:
        """`kept`: units whose arms are remembered for a worker that comes later."""
        self._merger, self._publisher, self._recalled = merger, publisher, recalled
        self._desk = FeedbackDesk(merger.house)
        self._writers: set[asyncio.StreamWriter] = set()
        self._arms: dict[str, str] = {}
        self._most_kept = kept
        self._server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        """Listen; whoever was there before is gone."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)
        os.chmod(path, 0o600)

    @property
    def workers(self) -> int:
        """That are connected."""
        return len(self._writers)

    async def aclose(self) -> None:
        """Stop listening, and let go of who is there."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()

    def tell(self, states: Sequence[Features | State]) -> None:
        """Send these to every worker."""
        for state in states:
            self._send(framed(state))

    def _send(self, data: bytes, but: asyncio.StreamWriter | None = None) -> None:
        for writer in list(self._writers):
            if writer is but:
                continue
            if writer.transport.get_write_buffer_size() > _BEHIND:
                note(_LOG, logging.ERROR, "worker.deaf", "a worker does not listen; it is cut off")
                writer.transport.abort()
            else:
                writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (message := await heard(reader)) is not None:
                if isinstance(message, Ask):
                    writer.write(framed(self._answer(message)))
                elif isinstance(message, Kept):
                    self._keep(message, writer)
                elif isinstance(message, Hello):
                    self._welcome(writer)
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _welcome(self, writer: asyncio.StreamWriter) -> None:
        self.tell(self._publisher.due())
        for state in self._publisher.all():
            writer.write(framed(state))
        for unit, arm in self._arms.items():
            writer.write(framed(Kept(unit=unit, arm=arm)))
        writer.write(framed(Told()))
        self._writers.add(writer)

    def _keep(self, kept: Kept, writer: asyncio.StreamWriter) -> None:
        self._arms.pop(kept.unit, None)
        self._arms[kept.unit] = kept.arm
        if len(self._arms) > self._most_kept:
            del self._arms[next(iter(self._arms))]
        self._send(framed(kept), but=writer)

    def _answer(self, ask: Ask) -> Answer:
        try:
            self._merger.catch_up()
            if ask.what == "feedback":
                told = self._desk.take(ask.body, ask.tenant or "")
                self._merger.learned()
                return Answer(id=ask.id, body=msgspec.json.encode(told))
            recent = self._recalled.find(ask.body.decode(), ask.tenant)
        except ApiError as error:
            return refused(ask, error)
        except GairpError as error:
            note(_LOG, logging.ERROR, "learner.failed", f"{ask.what}: {error}", what=ask.what)
            return refused(ask, ApiError(500, "the learner failed; its log says why"))
        if recent is None:
            name = ask.body.decode()[:100]
            return refused(
                ask,
                ApiError(404, f"no decision {name!r} is remembered", code="decision_not_found"),
            )
        return Answer(id=ask.id, body=msgspec.json.encode(explained(recent)))
