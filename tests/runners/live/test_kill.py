"""kill -9 in the middle of a live run: what was answered is kept, and nothing is paid for twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from gairp.backends.fake import FakeServer
from gairp.records.events import Called, Decided, Event, Graded, Learned, Observed, Settled
from gairp.records.journal import read_events
from gairp.records.log import is_log
from tests.conftest import ROOT

COUNT, KILLS = 150, 3
PROGRAM = {"models": {"*": {"answer": {"text": "right"}, "first_token_s": 0.02}}}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.parquet"
    rows = [
        {"prompt_id": f"q{i:03d}", "prompt": f"Say right, {i}", "answer": "right", "grader": "text"}
        for i in range(COUNT)
    ]
    pd.DataFrame(rows).to_parquet(path)
    return path


def command(url: str, questions: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-m", "gairp.run", "+experiment=live", "live=url", "policy=[linucb]",
        f"live.backends.server.base_url={url}", "live.arms.plain.model=one",
        "live.arms.shots.model=two", "utility.cost_weight=0", "live.ceiling.usd=null",
        "trace.dataset=null", f"trace.prompts={questions}", "features=hashed", "live.count=null",
        "live.pacing.users=16", "live.limits.default=16", "live.shadow_share=0", f"out={out}",
        f"hydra.run.dir={out}/hydra", f"tracking.uri=sqlite:///{out}/mlflow.db",
    ]  # fmt: skip


def test_killed_three_times_and_whole_in_the_end(questions: Path, tmp_path: Path) -> None:
    log = tmp_path / "out" / "log"
    with FakeServer(PROGRAM).in_thread() as server:
        run = command(server.base_url, questions, tmp_path / "out")
        for kill in range(1, KILLS + 1):
            _run_and_kill(run, log, at_least=kill * COUNT // 5)
        subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=120)
        asked = sum(1 for call in server.ledger.calls() if call.finished)
    events = list(read_events(log))
    observed = [e for e in events if isinstance(e, Observed)]
    questions_of = {e.decision_id: e.tags["question"] for e in events if isinstance(e, Decided)}
    answered = Counter(questions_of[e.decision_id] for e in observed)
    assert answered == dict.fromkeys(answered, 1)  # nobody was answered twice
    assert len(answered) == COUNT
    assert len([e for e in events if isinstance(e, Learned)]) == COUNT
    assert Counter(e.quality for e in events if isinstance(e, Graded)) == {1.0: COUNT}
    settled = Counter(e.call_id for e in events if isinstance(e, Settled))
    assert set(settled.values()) == {1}
    unknown = {e.call_id for e in events if isinstance(e, Called)} - set(settled)
    assert 1 <= len(unknown) <= KILLS * 16  # at most what was in flight, and kept as spent
    assert COUNT <= asked <= COUNT + len(unknown)


def _run_and_kill(run: list[str], log: Path, *, at_least: int) -> None:
    """Kill the run once so many requests have been answered."""
    process = subprocess.Popen(run, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    try:
        while sum(isinstance(e, Observed) for e in _events(log)) < at_least:
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _events(log: Path) -> list[Event]:
    return list(read_events(log)) if is_log(log) else []


def test_an_interrupt_finishes_what_is_in_flight_and_writes_the_report(
    questions: Path, tmp_path: Path
) -> None:
    log = tmp_path / "out" / "log"
    with FakeServer(PROGRAM).in_thread() as server:
        run = command(server.base_url, questions, tmp_path / "out")
        process = subprocess.Popen(run, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        while sum(isinstance(e, Observed) for e in _events(log)) < 20:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "stopped early; the same command goes on where this one ended" in said
    assert "raise live.shadow_share" not in said
    events = _events(log)
    calls = {e.call_id for e in events if isinstance(e, Called)}
    assert calls == {e.call_id for e in events if isinstance(e, Settled)}
    assert 20 <= len(calls) < COUNT
    assert (tmp_path / "out" / "report" / "live.csv").exists()
