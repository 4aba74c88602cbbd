"""Our HTTP client against two that a gateway would stand on instead; a trivial server answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.http_loops import AiohttpLoop, HttpLoop, HttpxLoop, OurLoop, library
from benchmarks.raw_responder import responder
from benchmarks.side_by_side import side_by_side

uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed (extra gateway)")
pytestmark = pytest.mark.benchmark(timer=process_time)

ROUNDS, OURS = 9, 3200


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with responder() as url:
        yield url


@pytest.mark.parametrize(
    ("peer", "name", "target", "theirs"),
    [(AiohttpLoop, "aiohttp", 1 / 3, 1600), (HttpxLoop, "httpx", 1 / 10, 320)],
    ids=["aiohttp", "httpx"],
)
def test_http_client(
    benchmark: BenchmarkFixture,
    base_url: str,
    peer: type[HttpLoop],
    name: str,
    target: float,
    theirs: int,
) -> None:
    package = name if name == "aiohttp" else library()
    pytest.importorskip(package, reason=f"{package} is not installed")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        one = OurLoop(runner, base_url, requests=OURS)
        other = peer(runner, base_url, requests=theirs)
        side_by_side(
            benchmark,
            key=f"http_vs_{name}",
            target=target,
            ours=one,
            theirs=other,
            requests=(OURS, theirs),
            rounds=ROUNDS,
            against=package,
        )
        assert one.answered % OURS == 0
        assert other.answered % theirs == 0
        for loop in (one, other):
            runner.run(loop.close())
