"""What the engine costs on top of the policy that it drives."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.engine_loop import EngineLoop, PolicyLoop
from benchmarks.events_loop import EventsLoop
from benchmarks.problem import Problem
from benchmarks.side_by_side import side_by_side

pytestmark = pytest.mark.benchmark(timer=process_time)

REQUESTS = 8192


def test_engine_against_policy(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    problem = Problem.seeded(n=REQUESTS, d=32, k=8)
    engine = EngineLoop(problem, tmp_path)
    side_by_side(
        benchmark,
        key="engine_overhead",
        target=3.0,
        ours=engine,
        theirs=PolicyLoop(problem),
        requests=(REQUESTS, REQUESTS),
        rounds=9,
        against="decide + learn alone",
    )
    assert len(engine.log) == REQUESTS


def test_events_with_queues_and_delay_against_the_plain_replay(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    problem = Problem.seeded(n=REQUESTS, d=32, k=8)
    events = EventsLoop(problem, tmp_path)
    side_by_side(
        benchmark,
        key="events_vs_plain",
        target=2.0,
        ours=events,
        theirs=EngineLoop(problem, tmp_path),
        requests=(REQUESTS, REQUESTS),
        rounds=9,
        against="one request at a time",
    )
    assert len(events.log) == REQUESTS
