"""A worker's end of the learner's socket: states come in, clients' questions go out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Literal

from gairp.errors import DataError
from gairp.gateway.errors import ApiError
from gairp.gateway.workers.part import Part
from gairp.gateway.workers.wire import (
    Answer,
    Ask,
    Features,
    Hello,
    Kept,
    Message,
    State,
    Told,
    framed,
    heard,
)
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_AGAIN_S = 0.05
_PATIENT_S = 10.0  #: a learner that was killed is back by then


class Link:
    """Connects again where the learner goes; meanwhile requests are decided with what is known."""

    def __init__(self, part: Part, *, patient_s: float = _PATIENT_S) -> None:
        self.part, self._patient_s = part, patient_s
        self.on_state: Callable[[Features | State], None] | None = None  #: before, states are kept
        self.on_kept: Callable[[Kept], None] | None = None
        self.states: list[Features | State] = []
        self.kept: list[Kept] = []
        self._writer: asyncio.StreamWriter | None = None
        self._up, self._told = asyncio.Event(), asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._ids = count()
        self._task: asyncio.Task[None] | None = None

    async def start(self, within_s: float) -> None:
        """Until every state is there; DataError where the learner does not come."""
        self._task = asyncio.create_task(self._run())
        try:
            await asyncio.wait_for(self._told.wait(), within_s)
        except TimeoutError:
            raise DataError(
                f"worker {self.part.name}: the learner did not answer within {within_s:.0f} s; "
                "the lines above say why"
            ) from None

    async def aclose(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def ask(
        self, what: Literal["feedback", "decision"], body: bytes, tenant: str | None
    ) -> bytes:
        """The learner's answer; its ApiError, or 503 where it is away for long."""
        try:
            async with asyncio.timeout(self._patient_s):
                while True:
                    await self._up.wait()
                    answer = await self._asked(Ask(id=next(self._ids), what=what, body=body,
                                                   tenant=tenant))  # fmt: skip
                    if answer is not None:
                        return answer.checked()
        except TimeoutError:
            raise ApiError(
                503, "the learner cannot be reached now; try again", code="learner_unavailable",
                retry_after_s=2.0,
            ) from None  # fmt: skip

    def keep(self, unit: str, arm: str) -> None:
        """Tell the other workers; one that does not hear it draws anew."""
        if self._writer is not None:
            self._writer.write(framed(Kept(unit=unit, arm=arm)))

    async def _asked(self, ask: Ask) -> Answer | None:
        """None where the learner went meanwhile: to ask again changes nothing."""
        if self._writer is None:
            return None
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[ask.id] = future
        self._writer.write(framed(ask))
        try:
            return await future
        except ConnectionError:
            return None
        finally:
            self._waiting.pop(ask.id, None)

    async def _run(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self.part.line)
            except OSError:
                await asyncio.sleep(_AGAIN_S)
                continue
            self._writer = writer
            writer.write(framed(Hello(worker=self.part.name)))
            self._up.set()
            try:
                while (message := await heard(reader)) is not None:
                    self._take(message)
            finally:
                self._down()
                writer.close()

    def _down(self) -> None:
        self._writer = None
        self._up.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionResetError("the learner is gone"))

    def _take(self, message: Message) -> None:
        if isinstance(message, Features | State):
            self._state(message)
        elif isinstance(message, Kept):
            if self.on_kept is None:
                self.kept.append(message)
            else:
                self.on_kept(message)
        elif isinstance(message, Told):
            self._told.set()
        elif isinstance(message, Answer):
            future = self._waiting.get(message.id)
            if future is not None and not future.done():
                future.set_result(message)

    def _state(self, state: Features | State) -> None:
        if self.on_state is None:
            self.states.append(state)
            return
        try:
            self.on_state(state)
        except Exception as error:
            note(_LOG, logging.ERROR, "state.refused",
                 f"worker {self.part.name} keeps the state that it had", error=error,
                 worker=self.part.name)  # fmt: skip
