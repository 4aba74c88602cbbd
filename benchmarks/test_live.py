"""The live path against the bare `openai` client, on the same fake server: time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.side_by_side import note, pedantic

pytestmark = pytest.mark.benchmark(timer=perf_counter)

Measured = dict[str, float]
ROOT = Path(__file__).resolve().parent.parent
FEW, MANY = 2_000, 10_000
_ANSWER = " ".join(["word"] * 16)
_PROGRAM = f"models: {{fake: {{answer: {{text: {_ANSWER}}}}}}}\n"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fake server in a process of its own: sixteen words at once, a chunk a word."""
    program = tmp_path_factory.mktemp("fake") / "program.yaml"
    program.write_text(_PROGRAM)
    with _running("-m", "gairp.backends.fake", "--program", str(program)) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def test_time_a_request(benchmark: BenchmarkFixture, url: str) -> None:
    rounds: list[tuple[Measured, Measured]] = []

    def both() -> None:
        rounds.append((_side("live", url, FEW), _side("bare", url, FEW)))

    pedantic(benchmark, both, rounds=3, warmup_rounds=0)
    ours, theirs = ([1e6 * one[side]["cpu_s"] / FEW for one in rounds] for side in (0, 1))
    note(
        benchmark,
        key="live_vs_client",
        target=1.15,
        ratio=median(mine / other for mine, other in zip(ours, theirs, strict=True)),
        text=f"{median(ours):.0f} µs a streamed request; bare client {median(theirs):.0f} µs",
    )


def test_memory_of_ten_thousand_requests(benchmark: BenchmarkFixture, url: str) -> None:
    rounds: list[tuple[Measured, Measured]] = []

    def both() -> None:
        rounds.append((_side("live", url, MANY), _side("bare", url, MANY)))

    pedantic(benchmark, both, rounds=2, warmup_rounds=0)
    ours, theirs = (median(one[side]["grown_bytes"] for one in rounds) for side in (0, 1))
    note(
        benchmark,
        key="live_memory",
        target=1.3,
        ratio=ours / theirs,
        text=f"{ours / 1e6:.2f} MB more for {MANY:,} requests; bare openai client "
        f"{theirs / 1e6:.2f} MB",
    )


def _side(side: str, url: str, requests: int) -> Measured:
    command = [sys.executable, "-m", "benchmarks.live_loop", side, url, str(requests)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


@contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()
