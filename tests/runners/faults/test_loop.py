"""Time that passes when nothing else happens, and time that jumps."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from gairp.runners.faults.loop import VirtualLoop, running

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def test_an_hour_takes_no_time() -> None:
    async def main() -> float:
        loop, began = running(), time.perf_counter()
        assert loop.now() == 0.0
        await asyncio.gather(asyncio.sleep(3600.0), asyncio.sleep(60.0))
        assert loop.time() == 3600.0
        return time.perf_counter() - began

    assert run(main()) < 5.0


def test_what_is_slow_is_not_overdue() -> None:
    async def main() -> str:
        async def slow() -> str:
            for _ in range(3):
                time.sleep(0.01)
                await asyncio.sleep(0)
            return await asyncio.to_thread(lambda: "done")

        async with asyncio.timeout(0.005):
            return await slow()

    assert run(main()) == "done"


def test_what_is_silent_is_overdue() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.75):
                await asyncio.get_running_loop().create_future()
        return running().now()

    assert run(main()) == 0.75


def test_after_a_stall_what_came_and_what_ran_out_are_found_in_one_turn() -> None:
    async def main() -> list[str]:
        order: list[str] = []
        loop = running()
        near, far = socket.socketpair()
        loop.add_reader(near, order.append, "came")
        loop.call_later(1.5, order.append, "overdue")
        far.send(b"x")
        with loop.unsteady(lambda: 2.0):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        loop.remove_reader(near)
        near.close()
        far.close()
        return [*order[:2], str(loop.now())]

    assert run(main()) == ["came", "overdue", "2.0"]
