"""A request leaves no cycle behind, and the collector runs when it is told to."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from gairp.gateway.exchange.exchange import Exchange
from gairp.gateway.garbage import Garbage
from tests.gateway.world import HI, World, world


def test_a_request_is_gone_when_it_is_answered(tmp_path: Path) -> None:
    async def asked(it: World) -> None:
        for _ in range(5):
            await it.ask()
        stream = await it.client.chat.completions.create(model="small", messages=HI, stream=True)
        assert [chunk async for chunk in stream]

    async def work() -> int:
        async with world(tmp_path) as it:
            await asked(it)
            gc.collect()
            gc.disable()
            try:
                await asked(it)
                await asyncio.sleep(0.1)  # timers that were cancelled are put away a turn later
                return sum(isinstance(one, Exchange) for one in gc.get_objects())
            finally:
                gc.enable()

    assert asyncio.run(work()) == 0


def test_new_cycles_are_collected_and_what_stays_is_set_aside() -> None:
    async def work() -> tuple[bool, int, int]:
        busy = True
        task = asyncio.create_task(Garbage(idle=lambda: not busy, every_s=0.02, whole_s=0.05).run())
        await asyncio.sleep(0.01)
        off, before = not gc.isenabled(), gc.get_freeze_count()
        ring: list[object] = []
        ring.append(ring)
        del ring
        kept: list[list[int]] = [[] for _ in range(1000)]
        await asyncio.sleep(0.2)
        after = gc.get_freeze_count()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return off, after - before, len(kept)

    off, aside, _ = asyncio.run(work())
    assert off
    assert aside >= 1000
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
