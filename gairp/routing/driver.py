"""Drives the router with asyncio: makes its calls, waits its waits."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import aclosing
from typing import TypeVar

import msgspec

from gairp.protocols import Backend
from gairp.routing.load_board import LoadBoard
from gairp.routing.slots import Slots
from gairp.routing.steps import Call, Step, Wait
from gairp.types import Arm, Chunk, Failure, Response

T = TypeVar("T")
Ask = Callable[[Call], Awaitable[Response]]


async def drive(
    route: Generator[Step, Response | None, T],
    ask: Ask,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T:
    """Run one route to its end; cancelling it abandons the call under way, and says so."""
    try:
        step = next(route)
        while True:
            reply: Response | None = None
            if isinstance(step, Wait):
                await sleep(step.seconds)
            else:
                reply = await ask(step)
            step = route.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        route.close()


class Caller:
    """Makes calls: finds the arm's backend, waits for a free place, keeps the load board.

    An exception of a backend is a fault of ours; it becomes a failed response, so that what was
    reserved is settled and the run goes on.
    """

    def __init__(
        self,
        *,
        arms: Mapping[str, Arm],
        backends: Mapping[str, Backend],
        slots: Slots,
        board: LoadBoard,
        heard: Callable[[Call, Chunk], None] | None = None,
    ) -> None:
        self.arms, self.backends, self.slots, self.board = arms, backends, slots, board
        self.heard = heard

    async def __call__(self, call: Call) -> Response:
        """The response, with the time that the call waited for its place."""
        name = call.decision.arm
        arm, board = self.arms[name], self.board
        board.waiting(name, 1)
        held = self.slots.hold(arm.model)
        try:
            queue_s = await held.__aenter__()
        finally:
            board.waiting(name, -1)
        board.started(name)
        latency_s = math.nan
        try:
            response = await self._answer(call, arm)
            if response.error is None and not response.cached:
                latency_s = response.latency_s
        finally:
            board.ended(name, latency_s)
            await held.__aexit__(None, None, None)
        return msgspec.structs.replace(response, queue_s=queue_s) if queue_s else response

    async def _answer(self, call: Call, arm: Arm) -> Response:
        backend = self.backends[arm.backend]
        try:
            if self.heard is None:
                return await backend.complete(call.request, arm)
            async with aclosing(backend.stream(call.request, arm)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    self.heard(call, chunk)
                    if chunk.response is not None:
                        return chunk.response
        except Exception as error:
            return _fault(call, arm, f"{type(error).__name__}: {error}")
        return _fault(call, arm, "the stream ended without a response")


def _fault(call: Call, arm: Arm, what: str) -> Response:
    return Response(
        model=arm.model,
        finish_reason="",
        latency_s=0.0,
        error=Failure(
            kind="unavailable",
            message=f"backend {arm.backend!r}, arm {arm.name!r}, request {call.request.id}: {what}",
            billing_unknown=True,
        ),
    )
