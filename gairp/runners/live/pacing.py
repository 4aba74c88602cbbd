"""When live requests start: as soon as a user is free, or when the clock says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

import numpy as np

from gairp.errors import ConfigError
from gairp.traces.arrival_times import arrival_times

Work = TypeVar("Work")


class Pacing(Protocol):
    """Hands out work over time."""

    async def pace(
        self, works: Iterator[Work], serve: Callable[[Work], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """Serve every work, or until `stop` is set; return when what was begun has ended."""


class ClosedLoop:
    """`users` at once, each with one request at a time: a slow answer delays the next question."""

    def __init__(self, *, users: int = 4) -> None:
        if users < 1:
            raise ConfigError(f"live.pacing.users is {users}; give at least 1")
        self.users = users

    async def pace(
        self, works: Iterator[Work], serve: Callable[[Work], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """Each user takes the next work when its last one is done."""

        async def user() -> None:
            while not stop.is_set():
                work = next(works, None)
                if work is None:
                    return
                await serve(work)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.users):
                group.create_task(user())


class OpenLoop:
    """Work begins when it is due, however many are still being answered.

    Exactly one of `rate` (a Poisson process of so many a second, from `seed`) and `trace` is
    given: a file, or DATASET/TABLE of a registered dataset (azure_llm_2023/conv), with arrival
    times in `column` (null: t_s in seconds, or t_ms). `speed` 2.0 plays a trace twice as fast.
    Where the trace is shorter than the work it starts again.
    """

    def __init__(
        self,
        *,
        rate: float | None = None,
        trace: str | None = None,
        column: str | None = None,
        speed: float = 1.0,
        seed: int = 0,
    ) -> None:
        if (rate is None) == (trace is None):
            raise ConfigError("live.pacing: give one of rate (requests a second) and trace")
        for key, value in (("rate", 1.0 if rate is None else rate), ("speed", speed)):
            if not value > 0:
                raise ConfigError(f"live.pacing.{key} is {value}; give a number above 0")
        self.rate, self.trace, self.column, self.speed, self.seed = rate, trace, column, speed, seed

    def gaps(self) -> Iterator[float]:
        """Seconds between one arrival and the next, without end."""
        if self.rate is not None:
            rng = np.random.default_rng([self.seed, 3])
            while True:
                yield float(rng.exponential(1.0 / self.rate)) / self.speed
        gaps = np.diff(arrival_times(str(self.trace), self.column)) / self.speed
        while True:
            yield from map(float, gaps)

    async def pace(
        self, works: Iterator[Work], serve: Callable[[Work], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """Begin each work when it is due."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.TaskGroup() as group:
            for work, gap in zip(works, self.gaps(), strict=False):
                if await _stopped(stop, due - loop.time()):
                    return
                group.create_task(_as_coroutine(serve(work)))
                due += gap


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long; True at once where `stop` is set meanwhile."""
    if seconds > 0:
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            return False
    return stop.is_set()


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable
