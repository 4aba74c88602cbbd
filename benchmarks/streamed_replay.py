"""One replay of a stream in a process of its own: `python -m benchmarks.streamed_replay 100000`.

Prints one JSON object: seconds of the replay, bytes of the metrics that it kept, and how much
memory the process took at most beyond what it held before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.problem import Problem
from gairp.backends.recorded import RecordedPrompt
from gairp.policies.linucb import LinUCB
from gairp.replay.engine import Replay
from gairp.replay.runlog import RunLog

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main(requests: int) -> dict[str, float | None]:
    """Replay so many requests of LinUCB, 4 arms and 16 features, made while they are asked for."""
    problem = Problem.seeded(n=4096, d=16, k=4)
    _replay(problem, 4096)  # everything is imported and warm before memory and time are read
    before = _resident("VmRSS")
    _forget_peak()
    wall, processor = perf_counter(), process_time()
    log = _replay(problem, requests)
    processor, wall = process_time() - processor, perf_counter() - wall
    columns = log.columns()  # as every job of a study does at its end
    peak = _resident("VmHWM")
    return {
        "processor_s": processor,
        "wall_s": wall,
        "kept_bytes": float(sum(column.nbytes for column in columns.values())),
        "grown_bytes": None if before is None or peak is None else peak - before,
    }


def stream(problem: Problem, requests: int) -> Iterator[RecordedPrompt]:
    """Requests with ids of their own over the problem's rows, again and again."""
    rows = len(problem.request_ids)
    for position in range(requests):
        row = position % rows
        yield RecordedPrompt(
            row=position,
            request_id=f"streamed-{position}",
            features=problem.features[row],
            quality=problem.quality[row],
            cost_usd=problem.cost_usd[row],
            latency_s=problem.latency_s[row],
        )


def _replay(problem: Problem, requests: int) -> RunLog:
    log = RunLog(problem.arms)
    engine = Replay(
        policy=LinUCB(),
        arms=problem.arms,
        expected_cost=problem.expected_cost,
        max_cost=problem.expected_cost,
        seed=0,
    )
    engine.run(stream(problem, requests), log)
    assert len(log) == requests
    return log


def _resident(field: str) -> float | None:
    """VmRSS or VmHWM of this process in bytes; None where the system does not say."""
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return 1024.0 * int(line.split()[1])
    return None


def _forget_peak() -> None:
    """Let the peak start from here, where the kernel allows it; else it counts the start too."""
    try:
        _RESET.write_text("5", encoding="ascii")
    except OSError:
        return


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
