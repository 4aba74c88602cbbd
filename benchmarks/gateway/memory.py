"""Resident memory of our gateway: after many requests, and while many slow streams are open."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.gateway.contestants import Contestant
from benchmarks.gateway.load import Target, Wrk
from benchmarks.gateway.process import Process
from benchmarks.gateway.rounds import started, upstream

FEW, MANY, STREAMS = 10_000, 100_000, 2_000
_MOST_S = 240.0


def measure_memory(ours: Contestant, wrk: Wrk) -> Mapping[str, float]:
    """MB after 10,000 and after 100,000 requests, and with 2,000 slow streams open."""
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch, ExitStack() as stack:
        home = Path(scratch)
        up = stack.enter_context(upstream(home))
        one = started(ours, up, home, stack)
        if one is None or one.process is None:
            return {}
        done = _asked(wrk, one.target, 0, FEW)
        few = one.process.resident_mb()
        _asked(wrk, one.target, done, MANY)
        many = one.process.resident_mb()
        streams, whole = asyncio.run(_streams(one.target, one.process))
        return {"few": few, "many": many, "streams": streams, "whole": whole}


def _asked(wrk: Wrk, target: Target, done: int, wanted: int) -> int:
    spent = 0.0
    while done < wanted and spent < _MOST_S:
        seconds = 1 if done < FEW else 2
        measured = wrk.run(target, connections=32, seconds=seconds, stream=False)
        done, spent = done + measured.requests, spent + seconds
    return done


async def _streams(target: Target, process: Process) -> tuple[float, float]:
    """MB while all of them are open, and how many ended whole."""
    data = target.request(target.body(stream=True, slowly=True))
    tasks = []
    for _ in range(STREAMS):
        tasks.append(asyncio.create_task(_stream(target.port, data)))
        await asyncio.sleep(0.001)
    most = 0.0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.25)
        most = max(most, process.resident_mb())
    return most, float(sum(task.result() for task in tasks))


async def _stream(port: int, data: bytes) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    got = b""
    try:
        while not got.endswith(b"0\r\n\r\n"):
            piece = await reader.read(1 << 16)
            if not piece:
                return False
            got += piece
        return b"[DONE]" in got
    finally:
        writer.close()
