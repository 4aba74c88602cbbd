"""Slices in turns: everybody is measured in every round, and the medians count."""

from __future__ import annotations

import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gateway.contestants import Contestant
from benchmarks.gateway.load import Measured, Target, Wrk, answers, first_byte_ms
from benchmarks.gateway.process import GATEWAY_CORE, LOAD_CORE, Process, free_port

BUSY, ALONE, STREAMS = "busy", "alone", "streams"
_READY_S = 120.0
_MODULE = "benchmarks.gateway.upstream"


@dataclass(frozen=True, kw_only=True)
class Running:
    """One that answers; `process` is None for the upstream asked directly."""

    target: Target
    process: Process | None


@dataclass(frozen=True, kw_only=True)
class Results:
    """By contestant and slice; first bytes in milliseconds."""

    slices: Mapping[tuple[str, str], Sequence[Measured]]
    first_bytes: Mapping[str, Sequence[float]]
    cpu_us: Mapping[str, Sequence[float]]
    resident_mb: Mapping[str, float] = field(default_factory=dict)

    def median(self, name: str, slice_: str, value: str) -> float | None:
        """Over the rounds; None where there are none, or where requests failed."""
        found = self.slices.get((name, slice_), [])
        if not found or any(one.failed or not one.requests for one in found):
            return None
        values: list[float] = [getattr(one, value) for one in found]
        return statistics.median(values)

    def first_byte(self, name: str) -> float | None:
        """Milliseconds, the median of the rounds' medians."""
        found = self.first_bytes.get(name)
        return statistics.median(found) if found else None

    def cpu(self, name: str) -> float | None:
        """Microseconds of processor a request at 32 connections."""
        found = self.cpu_us.get(name)
        return statistics.median(found) if found else None


@contextmanager
def upstream(home: Path) -> Iterator[int]:
    """The mock's port."""
    port = free_port()
    command = [sys.executable, "-m", _MODULE, str(port)]
    with Process(command, core=LOAD_CORE, log=home / "upstream.log", environment={}) as process:
        if not process.ready(port, _READY_S):
            raise RuntimeError(f"the mock upstream did not start: {process.said()}")
        yield port


def started(contestant: Contestant, up: int, home: Path, stack: ExitStack) -> Running | None:
    """It runs, and has answered once; None, and a line, where it does not."""
    if contestant.command is None:
        port, process = up, None
    else:
        port = free_port()
        folder = home / contestant.name
        folder.mkdir()
        process = Process(
            contestant.command(up, port, folder),
            core=GATEWAY_CORE,
            log=folder / "log",
            environment=contestant.environment,
        )
        stack.enter_context(process)
    target = Target(
        port=port, path=contestant.path, headers=contestant.headers(up), model=contestant.model
    )
    if process is not None and not (process.ready(port, _READY_S) and answers(target, _READY_S)):
        print(f"skipped: {contestant.name} did not start: {process.said()}", flush=True)
        return None
    return Running(target=target, process=process)


def measure(everybody: Sequence[Contestant], wrk: Wrk, *, rounds: int, seconds: int) -> Results:
    """All rounds. Whoever is not at work is stopped, so that it takes nothing of the core."""
    slices: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    first: dict[str, list[float]] = defaultdict(list)
    cpu: dict[str, list[float]] = defaultdict(list)
    resident: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch, ExitStack() as stack:
        home = Path(scratch)
        up = stack.enter_context(upstream(home))
        running: dict[str, Running] = {}
        for contestant in everybody:
            one = started(contestant, up, home, stack)
            if one is None or not _warmed(contestant.name, one, wrk):
                continue
            running[contestant.name] = one
            _pause(one)
        for _ in range(rounds):
            for name, one in running.items():
                with _awake(one):
                    _slices(name, one, wrk, seconds, slices, cpu)
                    first[name].append(first_byte_ms(one.target, times=_times(name)))
                    if one.process is not None:
                        resident[name] = one.process.resident_mb()
    return Results(slices=slices, first_bytes=first, cpu_us=cpu, resident_mb=resident)


def _slices(
    name: str,
    one: Running,
    wrk: Wrk,
    seconds: int,
    slices: dict[tuple[str, str], list[Measured]],
    cpu: dict[str, list[float]],
) -> None:
    before = 0.0 if one.process is None else one.process.cpu_s()
    busy = wrk.run(one.target, connections=32, seconds=seconds, stream=False)
    slices[name, BUSY].append(busy)
    if one.process is not None and busy.requests:
        cpu[name].append((one.process.cpu_s() - before) / busy.requests * 1e6)
    less = max(1, seconds - 2)
    slices[name, ALONE].append(wrk.run(one.target, connections=1, seconds=less, stream=False))
    slices[name, STREAMS].append(wrk.run(one.target, connections=32, seconds=less, stream=True))


def _times(name: str) -> int:
    return 20 if name == "litellm" else 200


def _warmed(name: str, one: Running, wrk: Wrk) -> bool:
    warm = wrk.run(one.target, connections=32, seconds=1, stream=False)
    wrk.run(one.target, connections=8, seconds=1, stream=True)
    if warm.failed or not warm.requests:
        print(f"skipped: {name} answers with errors ({warm.failed} of {warm.requests})", flush=True)
        return False
    return True


def _pause(one: Running) -> None:
    if one.process is not None:
        one.process.signal(signal.SIGSTOP)


@contextmanager
def _awake(one: Running) -> Iterator[None]:
    if one.process is not None:
        one.process.signal(signal.SIGCONT)
    try:
        yield
    finally:
        _pause(one)
