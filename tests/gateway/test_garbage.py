"""A request leaves no cycle behind, and the collector runs when it is told to."""

from __future__ import annotations

import asyncio
import base64
import gc
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gairp.gateway.content.recorder import RecordingClient
from gairp.gateway.exchange.exchange import Exchange
from gairp.gateway.exchange.watched import Watched
from gairp.gateway.garbage import Garbage
from gairp.gateway.server_protocol import Cycle
from gairp.telemetry.otel import pipeline
from gairp.telemetry.otel.settings import OtelSettings
from tests.gateway.world import HI, World, world


def _nowhere(settings: OtelSettings) -> pipeline.Pipeline:
    return pipeline.Pipeline(
        resource=pipeline.resource_of(settings),
        processor=SimpleSpanProcessor(InMemorySpanExporter()),
        reader=None,
    )


WATCHED = {"log": {"access": True}, "otel": {}, "content": {}}


@pytest.mark.parametrize("more", [{}, WATCHED], ids=["plain", "watched"])
def test_a_request_is_gone_when_it_is_answered(
    tmp_path: Path, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAIRP_CONTENT_KEYS", f"k1:{base64.b64encode(b'm' * 32).decode()}")
    monkeypatch.setattr(pipeline, "open_pipeline", _nowhere)

    async def asked(it: World) -> None:
        for _ in range(5):
            await it.ask()
        stream = await it.client.chat.completions.create(model="small", messages=HI, stream=True)
        assert [chunk async for chunk in stream]

    async def work() -> tuple[int, int]:
        async with world(tmp_path, **more) as it:
            await asked(it)
            gc.collect()
            gc.disable()
            try:
                await asked(it)
                await asyncio.sleep(0.1)  # timers that were cancelled are put away a turn later
                left = gc.get_objects()
                cycles = sum(isinstance(one, Cycle) for one in left)
                kinds = Exchange | Watched | RecordingClient
                return sum(isinstance(one, kinds) for one in left), cycles
            finally:
                gc.enable()

    left, cycles = asyncio.run(work())
    assert left == 0
    assert cycles <= 2  # a connection keeps its last one until it is asked again


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
