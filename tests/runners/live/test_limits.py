"""What holds a live run back: the clock, places, breakers, the ceiling, whoever started it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gairp.run
from gairp.records.events import Called, Decided, Event, Observed, Settled
from gairp.records.journal import read_events
from gairp.runners.live.runner import LiveRunner
from gairp.types import Arm, Failure, Request, Response
from tests.runners.live import conftest
from tests.runners.live.scripted import ScriptedBackend

pytestmark = pytest.mark.filterwarnings("ignore")
Run = Callable[..., LiveRunner]
COUNT = conftest.COUNT
DOWN = Failure(kind="server", message="down", status=503)


def events(tmp_path: Path) -> list[Event]:
    return list(read_events(tmp_path / "out" / "log"))


def of(kind: type, tmp_path: Path) -> list[Any]:
    return [event for event in events(tmp_path) if isinstance(event, kind)]


def test_an_open_loop_of_the_configuration(run: Run, tmp_path: Path) -> None:
    run("policy=[random]", "primary=random", "pacing@live.pacing=poisson",
        "live.pacing.rate=400", "live.limits.default=100", latency_s=0.05)  # fmt: skip
    flying = most = 0
    for event in events(tmp_path):
        flying += isinstance(event, Called)
        flying -= isinstance(event, Settled)
        most = max(most, flying)
    assert most >= 8  # twenty come while one is answered
    assert len(of(Observed, tmp_path)) == COUNT


def test_arrivals_of_a_trace(run: Run, tmp_path: Path) -> None:
    times = tmp_path / "arrivals.csv"
    times.write_text("t_ms\n" + "\n".join(str(10 * i) for i in range(12)))
    run("policy=[random]", "primary=random", "pacing@live.pacing=trace", "live.count=12",
        f"live.pacing.trace={times}", "live.pacing.speed=0.5")  # fmt: skip
    now = sorted(event.now for event in of(Decided, tmp_path))
    assert 11 * 0.02 - 0.01 <= now[-1] - now[0] < 1.0


class Watched(ScriptedBackend):
    """Knows the most calls that each model had at once."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.now, self.most = Counter[str](), Counter[str]()

    async def complete(self, request: Request, arm: Arm) -> Response:
        self.now[arm.model] += 1
        self.most[arm.model] = max(self.most[arm.model], self.now[arm.model])
        try:
            return await super().complete(request, arm)
        finally:
            self.now[arm.model] -= 1


def test_each_model_has_its_own_limit(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.runners.live.scripted.ScriptedBackend", Watched)
    run("policy=[random]", "primary=random", "live.pacing.users=16", "live.limits.default=5",
        "+live.limits.models.good=2", latency_s=0.01)  # fmt: skip
    (backend,) = conftest.MADE
    assert isinstance(backend, Watched)
    assert backend.most == {"good": 2, "bad": 5}
    waits = [event.queue_s for event in of(Settled, tmp_path)]
    assert max(waits) > 0.005


def test_requests_wait_for_a_model_whose_breaker_is_open(run: Run, tmp_path: Path) -> None:
    def fail(number: int) -> Failure | None:
        return DOWN if 4 <= number < 12 else None

    run("policy=[random]", "primary=random", "live.retry.calls=1", "live.breaker.failures=2",
        "live.breaker.cooldown_s=0.15", "live.breaker.max_cooldown_s=0.3", fail=fail)  # fmt: skip
    ended = of(Settled, tmp_path)
    failed = sum(event.error is not None for event in ended)
    assert failed == 8
    # Without a breaker the failures take a few milliseconds; here whole cool-downs pass.
    assert max(event.now for event in of(Decided, tmp_path)) > 0.3
    answered = {e.request_id for e in of(Observed, tmp_path) if e.attempts[-1].calls}
    assert len(answered) == COUNT


def test_a_ceiling_is_used_up_before_anybody_is_refused(run: Run, tmp_path: Path) -> None:
    """What one call may cost is far above what it costs: those who come meanwhile wait."""
    run("policy=[random]", "primary=random", "live.ceiling.usd=0.00002")
    first = of(Called, tmp_path)[0]
    spent = sum(event.cost_usd for event in of(Settled, tmp_path))
    assert 0.00002 - 1.1 * first.reserved_usd < spent <= 0.00002
    assert len(of(Observed, tmp_path)) < COUNT


def test_what_was_spent_before_counts_when_a_run_goes_on(run: Run, tmp_path: Path) -> None:
    chosen = ("policy=[random]", "primary=random", "live.pacing.users=1")
    run(*chosen, "live.ceiling.usd=0.00002")
    first = of(Settled, tmp_path)
    spent = sum(event.cost_usd for event in first)
    assert 0 < spent <= 0.00002
    assert len(first) < COUNT
    run(*chosen, "live.ceiling.usd=0.00002")
    assert len(of(Settled, tmp_path)) == len(first)
    run(*chosen, "live.ceiling.usd=1")
    assert len(of(Settled, tmp_path)) == COUNT


def test_an_intent_without_a_settlement_is_spent_when_a_run_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kill leaves of a call under way."""
    from gairp.records.journal import Journal

    append = Journal.append

    def killed(self: Journal, event: Event) -> None:
        if isinstance(event, Settled):
            raise KeyboardInterrupt
        append(self, event)

    chosen = ("policy=[random]", "primary=random", "live.pacing.users=1")
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", killed)
        with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
            run(*chosen)
    (open_call,) = of(Called, tmp_path)
    assert of(Settled, tmp_path) == []
    room = open_call.reserved_usd * 1.5  # for one call and not for two
    run(*chosen, f"live.ceiling.usd={room:.12f}")
    assert len(of(Called, tmp_path)) == 1
    run(*chosen, f"live.ceiling.usd={room * 100:.12f}")
    calls = [event.call_id for event in of(Called, tmp_path)]
    assert len(calls) == len(set(calls)) == COUNT + 1  # asked again under another id


def test_a_kill_before_the_log_has_begun(run: Run, tmp_path: Path) -> None:
    """Leaves an empty folder, which is no reason to refuse."""
    (tmp_path / "out" / "log").mkdir(parents=True)
    run("policy=[random]", "primary=random", "live.count=3")
    assert len(of(Observed, tmp_path)) == 3


def test_a_second_interrupt_gives_up_what_is_in_flight(run: Run, tmp_path: Path) -> None:
    async def twice() -> None:
        while not conftest.MADE or not conftest.MADE[0].asked:
            await asyncio.sleep(0.01)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    async def interrupted(pacing: Any, *arguments: Any) -> None:
        task = asyncio.create_task(twice())
        await pace(pacing, *arguments)
        await task

    from gairp.runners.live.pacing import ClosedLoop

    pace = ClosedLoop.pace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClosedLoop, "pace", interrupted)
        with pytest.raises(asyncio.CancelledError):
            run("policy=[random]", "primary=random", latency_s=30.0)
    ended = of(Settled, tmp_path)
    assert {event.call_id for event in of(Called, tmp_path)} == {e.call_id for e in ended}
    assert {(e.error.kind, e.billing) for e in ended} == {("cancelled", "unknown")}
    assert of(Observed, tmp_path) == []
    run("policy=[random]", "primary=random")
    assert len(of(Observed, tmp_path)) == COUNT


def test_the_flag_for_a_dry_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(sys, "argv", ["gairp.run", "+experiment=live", "--dry-run"])
    monkeypatch.setattr(gairp.run, "main", lambda: seen.extend(sys.argv[1:]))
    gairp.run.start()
    assert seen == ["+experiment=live", "live.dry_run=true"]
