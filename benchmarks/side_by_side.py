"""Two loops timed in turns, so that whatever else the machine does slows down both."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any, TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

Loop = Callable[[], object]
T = TypeVar("T")


def side_by_side(
    benchmark: BenchmarkFixture,
    *,
    key: str,
    target: float,
    ours: Loop,
    theirs: Loop,
    requests: tuple[int, int],
    rounds: int,
    against: str,
) -> None:
    """Note the median over rounds of (our seconds a request) / (their seconds a request).

    `requests` are those that one call of `ours` and of `theirs` serves. Each round times them one
    right after the other, in processor time; a first round of both is thrown away.
    """
    seconds: list[float] = []

    def peer() -> None:
        start = process_time()
        theirs()
        seconds.append(process_time() - start)

    pedantic(benchmark, ours, setup=peer, rounds=rounds, warmup_rounds=1)
    if benchmark.stats is None:  # --benchmark-disable: each ran once, nothing was timed
        return
    own = [value / requests[0] for value in benchmark.stats.stats.data]
    peers = [value / requests[1] for value in seconds[1:]]
    note(
        benchmark,
        key=key,
        target=target,
        ratio=median(mine / other for mine, other in zip(own, peers, strict=True)),
        text=f"{1e6 * median(own):.1f} µs a request; {against} {1e6 * median(peers):.1f} µs",
    )


def pedantic(benchmark: BenchmarkFixture, target: Callable[..., T], **how: Any) -> T:
    """`benchmark.pedantic`, with types."""
    run: Any = benchmark.pedantic
    result: T = run(target, **how)
    return result


def note(benchmark: BenchmarkFixture, *, key: str, target: float, ratio: float, text: str) -> None:
    """Leave a ratio for the summary, with the figures behind it."""
    extra: dict[str, Any] = benchmark.extra_info
    extra.update(key=key, target=target, ratio=ratio, text=text)
