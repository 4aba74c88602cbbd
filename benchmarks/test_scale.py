"""A million requests against a hundred thousand: time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.side_by_side import note, pedantic

pytestmark = pytest.mark.benchmark(timer=perf_counter)

Measured = dict[str, float | None]
SMALL, LARGE, ROOT = 100_000, 1_000_000, Path(__file__).resolve().parent.parent


def test_a_million_requests(benchmark: BenchmarkFixture) -> None:
    before = [_replay(SMALL), _replay(SMALL)]
    large = pedantic(benchmark, _replay, args=(LARGE,), rounds=1)
    small = [*before, _replay(SMALL), _replay(SMALL)]
    base = median(_known(one, "processor_s") for one in small)
    seconds = _known(large, "processor_s")
    note(
        benchmark,
        key="linear_1m_vs_100k",
        target=1.15,
        ratio=seconds / (base * LARGE / SMALL),
        text=f"{seconds:.2f} s for 1,000,000; {base:.2f} s for 100,000; {_memory(small, large)}",
    )


def _replay(requests: int) -> Measured:
    command = [sys.executable, "-m", "benchmarks.streamed_replay", str(requests)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    measured: Measured = json.loads(done.stdout)
    return measured


def _memory(small: list[Measured], large: Measured) -> str:
    if large["grown_bytes"] is None:
        return "memory not known: this system has no /proc/self/status"
    grown = _known(large, "grown_bytes") - median(_known(one, "grown_bytes") for one in small)
    kept = _known(large, "kept_bytes") - _known(small[0], "kept_bytes")
    more = LARGE - SMALL
    return (
        f"peak memory {grown / 1e6:.1f} MB more, metrics kept {kept / 1e6:.1f} MB more "
        f"({grown / more:.1f} and {kept / more:.1f} bytes a request)"
    )


def _known(measured: Measured, name: str) -> float:
    value = measured[name]
    assert value is not None
    return value
