"""A backend that starts its own server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.llamacpp import LlamaCppServer
from gairp.errors import BackendError, ConfigError
from gairp.types import Arm, Request, ServerLoad
from tests.backends.local.fake_local_server import FakeLocalServer, alive, wait_until_gone
from tests.backends.local.real import SMOLLM2, real_llamacpp

ARM = Arm(name="a", model="toy", recipe={"params": {"temperature": 0, "max_tokens": 12}})
REQUEST = Request(id="r", messages=({"role": "user", "content": "Say hello."},))
STORY = Request(
    id="s",
    messages=({"role": "user", "content": "Tell me a story."},),
    params={"max_tokens": 400, "ignore_eos": True},
)


def says(text: str) -> dict[str, object]:
    return {"answer": text, "metrics": "vllm:num_requests_running 1\nvllm:num_requests_waiting 0\n"}


def test_the_first_call_starts_the_server_and_the_end_ends_it() -> None:
    async def scenario() -> None:
        backend = LocalBackend(server=FakeLocalServer(says=says("hello there")))
        assert backend.server.address == ""
        response = await backend.complete(REQUEST, ARM)
        assert response.error is None
        assert (response.content, response.model) == ("hello there", "toy")
        pid = backend.server.pid
        assert await backend.load() == ServerLoad(running=1.0, queued=0.0)
        await backend.aclose()
        assert alive([pid]) == []
        await backend.aclose()
        with pytest.raises(BackendError, match="the fake server for toy is closed"):
            await backend.complete(REQUEST, ARM)

    asyncio.run(scenario())


def test_a_stream_ends_with_the_response() -> None:
    async def scenario() -> None:
        backend = LocalBackend(server=FakeLocalServer(says=says("one two three")))
        chunks = [chunk async for chunk in backend.stream(REQUEST, ARM)]
        assert "".join(chunk.text for chunk in chunks) == "one two three"
        assert [chunk.response is not None for chunk in chunks][-1]
        assert sum(chunk.response is not None for chunk in chunks) == 1
        await backend.aclose()

    asyncio.run(scenario())


def test_arms_that_come_together_share_one_start() -> None:
    async def scenario() -> None:
        server = FakeLocalServer(says={**says("yes"), "delay_s": 0.3})
        backend = LocalBackend(server=server)
        answers = await asyncio.gather(*(backend.complete(REQUEST, ARM) for _ in range(5)))
        assert [answer.content for answer in answers] == ["yes"] * 5
        assert server.launches == 1
        await backend.aclose()

    asyncio.run(scenario())


def test_a_caller_that_gives_up_does_not_end_the_start() -> None:
    async def scenario() -> None:
        server = FakeLocalServer(says={**says("late"), "delay_s": 0.5})
        backend = LocalBackend(server=server)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(backend.complete(REQUEST, ARM), 0.1)
        assert (await backend.complete(REQUEST, ARM)).content == "late"
        assert server.launches == 1
        await backend.aclose()

    asyncio.run(scenario())


def test_closing_ends_a_start_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        server = FakeLocalServer(says={"delay_s": 60}, stop_grace_s=0.2)
        backend = LocalBackend(server=server)
        start = asyncio.create_task(backend.start())
        await asyncio.sleep(0.3)
        await asyncio.wait_for(backend.aclose(), 5)
        with pytest.raises(BackendError, match="was stopped while it started"):
            await start

    asyncio.run(scenario())


def test_what_stands_in_the_way_is_raised_at_every_call_until_it_is_gone(tmp_path: Path) -> None:
    async def scenario() -> None:
        server = FakeLocalServer(says={**says("fine"), "exit": 4})
        backend = LocalBackend(server=server)
        with pytest.raises(BackendError, match="exit code 4"):
            await backend.start()
        with pytest.raises(BackendError, match="exit code 4"):
            await backend.complete(REQUEST, ARM)
        del server.says["exit"]
        assert (await backend.complete(REQUEST, ARM)).content == "fine"
        await backend.aclose()

    asyncio.run(scenario())


def test_a_server_that_dies_is_a_failure_that_quotes_its_log(tmp_path: Path) -> None:
    async def scenario() -> None:
        says = {"says": "out of memory, farewell", "dies_when_asked": True}
        backend = LocalBackend(server=FakeLocalServer(says=says, log_dir=str(tmp_path)))
        response = await backend.complete(REQUEST, ARM)
        assert response.error is not None
        assert response.error.kind == "connection"
        assert "the fake server for toy ended with exit code 9" in response.error.message
        assert "out of memory, farewell" in response.error.message
        (last,) = [chunk async for chunk in backend.stream(REQUEST, ARM)]
        assert last.response is not None
        assert last.response.error is not None
        assert "exit code 9" in last.response.error.message
        await backend.aclose()

    asyncio.run(scenario())


def test_a_wrong_setting_of_the_wire_is_told_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match="default_max_tokens"):
        LocalBackend(server=FakeLocalServer(says={}), wire={"default_max_tokens": 0})


@real_llamacpp
def test_a_real_model_streams_is_timed_and_tells_its_load() -> None:
    async def scenario() -> None:
        backend = LocalBackend(server=LlamaCppServer(path=SMOLLM2, model="toy", slots=2))
        response = await backend.complete(REQUEST, ARM)
        assert response.error is None
        assert response.model == "toy"
        assert 0 < response.first_token_s < response.latency_s
        assert 1 <= response.usage.output_tokens <= 12
        assert response.usage.source == "reported"
        load = await busy(backend)
        assert (load.running, load.queued) == (2.0, 1.0)
        assert 0 < load.kv_cache_use < 0.5
        pid = backend.server.pid
        await backend.aclose()
        assert wait_until_gone([pid]) == []

    asyncio.run(scenario())


async def busy(backend: LocalBackend) -> ServerLoad:
    """What the server says once three requests lie on its two slots."""
    calls = [asyncio.create_task(backend.complete(STORY, ARM)) for _ in range(3)]
    load = None
    for _ in range(100):
        load = await backend.load()
        if load is not None and load.queued:
            break
        await asyncio.sleep(0.1)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert load is not None
    return load
