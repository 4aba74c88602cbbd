"""Two exchanges for one client: the first good answer, or first byte of a stream, wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from gairp.types import Outcome


class Racer(Protocol):
    """An exchange that asks."""

    @property
    def committed(self) -> bool:
        """Its first byte is with the client."""


class Race:
    """`began` is told by a racer that its first byte goes to the client: the others stop."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Outcome], Racer] = {}

    def enter(self, racer: Racer, work: Coroutine[Any, Any, Outcome]) -> None:
        """Begin its work."""
        self._tasks[asyncio.create_task(work)] = racer

    def began(self, racer: Racer) -> None:
        """Nobody else may send any more. Whoever is cancelled runs no further than it has."""
        for task, other in self._tasks.items():
            if other is not racer:
                task.cancel()

    async def run(self, after_s: float, second: Callable[[], None]) -> tuple[Any, Outcome]:
        """The winner and its outcome; where nobody has a good one, the first racer's.

        `second` may enter another racer, and is called after `after_s` seconds without an answer.
        """
        ((first, racer),) = self._tasks.items()
        try:
            await asyncio.wait([first], timeout=after_s)
            if not (first.done() or racer.committed):
                second()
            return await self._winner()
        except BaseException:
            await self._stop(list(self._tasks))
            raise

    async def _winner(self) -> tuple[Racer, Outcome]:
        pending, ended = set(self._tasks), dict[asyncio.Task[Outcome], Outcome]()
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in (task for task in self._tasks if task in done and not task.cancelled()):
                ended[task] = task.result()
                if self._tasks[task].committed or _good(ended[task]):
                    await self._stop(pending)
                    return self._tasks[task], ended[task]
        for task, racer in self._tasks.items():
            if task in ended:
                return racer, ended[task]
        raise asyncio.CancelledError

    async def _stop(self, tasks: Any) -> None:
        """Give up what is under way; it is in the journal as given up when this returns."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _good(outcome: Outcome) -> bool:
    return bool(outcome.attempts) and outcome.attempts[-1].response.error is None
