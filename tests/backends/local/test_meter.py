"""A metered server: one call at a time, told apart by its process's clock."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import time

import pytest

from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.meter import Meter, Reading, processor_s
from gairp.types import Arm, Request, Response
from tests.backends.local.fake_local_server import FakeLocalServer

ARM = Arm(name="a", model="toy", recipe={"params": {"max_tokens": 12}})
REQUEST = Request(id="r", messages=({"role": "user", "content": "Say hello."},))


def test_the_clock_is_the_one_of_that_process() -> None:
    assert math.isclose(processor_s(os.getpid()), time.process_time(), abs_tol=0.05)


def test_work_counts_and_waiting_does_not() -> None:
    reading = Reading(os.getpid())
    began = time.process_time()
    while time.process_time() - began < 0.2:
        sum(range(1000))
    time.sleep(0.1)
    spent = reading.into(Response(model="m", signals={"logprob_min": -1.0})).signals
    assert 0.19 < spent["compute_s"] < 0.28
    assert spent["logprob_min"] == -1.0
    assert spent["load_average"] >= 0.0


def test_a_process_that_is_gone_has_no_clock() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    reading = Reading(child.pid)
    child.communicate(b"\n")
    assert reading.into(Response(model="m")).signals == {}
    assert Reading(child.pid).into(Response(model="m")).signals == {}
    with pytest.raises(OSError, match="Invalid argument"):
        processor_s(child.pid)


def test_one_call_at_a_time() -> None:
    async def scenario() -> list[str]:
        meter, seen = Meter(), list[str]()

        async def call(name: str) -> None:
            async with meter.call(os.getpid()):
                seen.append(f"{name} begins")
                await asyncio.sleep(0)
                seen.append(f"{name} ends")

        await asyncio.gather(call("a"), call("b"))
        return seen

    assert asyncio.run(scenario()) == ["a begins", "a ends", "b begins", "b ends"]


def test_answers_tell_what_they_took_whole_and_streamed() -> None:
    async def scenario() -> list[Response | None]:
        says = {"answer": "hello there", "metrics": "vllm:num_requests_running 1\n"}
        backend = LocalBackend(server=FakeLocalServer(says=says), metered=True)
        try:
            whole = await backend.complete(REQUEST, ARM)
            chunks = [chunk async for chunk in backend.stream(REQUEST, ARM)]
            assert await backend.load() is None  # to ask would be work as well
        finally:
            await backend.aclose()
        return [whole, chunks[-1].response]

    for response in asyncio.run(scenario()):
        assert response is not None
        assert response.content == "hello there"
        assert 0.0 < response.signals["compute_s"] < 1.0


def test_a_server_that_died_says_so_all_the_same() -> None:
    async def scenario() -> list[Response]:
        says = {"answer": "", "dies_when_asked": True}
        backend = LocalBackend(server=FakeLocalServer(says=says), metered=True)
        try:
            return [await backend.complete(REQUEST, ARM) for _ in range(2)]
        finally:
            await backend.aclose()

    for response in asyncio.run(scenario()):
        assert response.error is not None
        assert "ended with exit code 9" in response.error.message
        assert "compute_s" not in response.signals
