"""`python -m gairp.records` and what it checks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from gairp.records.__main__ import main
from gairp.records.checks import Checker
from gairp.records.events import Called, Ended, Event, Graded, Learned, Observed, Opened
from gairp.records.journal import Journal
from tests.records.event_cases import NOON, decided, settled

L = "linucb-0"


def story() -> list[Event]:
    """One learner's request from decision to feedback, and a call that never ended."""
    first, second = decided(0, np.array([1.0, 2.0])), decided(1, np.array([1.0, 2.0]))
    call = {"arm": "small", "model": "m", "learner": L, "at": NOON}
    return [
        Opened(learner=L, at=NOON, seed=7, policy="linucb", policy_version="", config="{}"),
        first,
        Called(call_id="request-000000/0.0", decision_id=first.decision_id, **call),  # type: ignore[arg-type]
        settled(0),
        Observed(
            learner=L, at=NOON, decision_id=first.decision_id, request_id=first.request_id,
            attempts=(
                Ended(decision_id=first.decision_id, call_id="request-000000/0.0", cost_usd=1e-4),
            ),
            total_cost_usd=1e-4, latency_s=1.0, completed_at=1.0,
        ),
        Graded(
            learner=L, at=NOON, decision_id=first.decision_id, quality=1.0, status="graded",
            source="exact",
        ),
        Learned(
            learner=L, at=NOON, decision_id=first.decision_id, quality=1.0, source="exact",
            received_at=2.0,
        ),
        second,
        Called(call_id="request-000001/0.0", decision_id=second.decision_id, **call),  # type: ignore[arg-type]
    ]  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A journal of the story."""
    with Journal(tmp_path / "log") as journal:
        journal.extend(story())
    return tmp_path / "log"


def test_describe_verify_compact(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = log.parent / "parquet"
    assert main(["compact", str(log), "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("9 events added, from position 0: 7 files, ")
    for folder in (log, out):
        assert main(["describe", str(folder)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[:5] == [
            "linucb-0  (linucb)",
            "  events   1 opened, 2 decided, 2 called, 1 settled, 1 observed, 1 graded, 1 learned",
            "  from     2026-01-01 12:00:00 UTC  to  2026-01-01 12:00:01 UTC",
            "  cost     0.000125 USD",
            "  unknown  1 calls began and were never settled",
        ]
        assert main(["verify", str(folder), "--against", str(log)]) == 0
        assert capsys.readouterr().out == "9 events, 0 problems\n"


def test_verify_finds_what_differs(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = story()
    events[1] = msgspec.structs.replace(events[1], propensity=0.7500000000000001)
    with Journal(log.parent / "other") as journal:
        journal.extend(events[:-1])
    assert main(["verify", str(log), "--against", str(log.parent / "other")]) == 1
    said = capsys.readouterr().out
    assert "event 1: Decided(" in said
    assert "propensity=0.7500000000000001" in said
    assert said.endswith("9 events, 1 problems\n")


def test_mistakes_have_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(tmp_path)]) == 2
    assert "error: " in (said := capsys.readouterr().err)
    assert "no log is here, neither a journal" in said


def _problems(events: list[Event]) -> list[str]:
    checker = Checker()
    return [problem for each in enumerate(events) for problem in checker.problems(each)]


def test_events_that_do_not_fit_are_found() -> None:
    opened, decision, call, end, seen, grade, learn, *_ = story()
    assert _problems([opened, decision, call, end, seen, grade, learn]) == []
    assert _problems([decision]) == [
        "event 0, learner 'linucb-0': no Opened event before its first decision"
    ]
    unknown = (
        "event 1, learner 'linucb-0': names decision 'request-000000/0', which was not decided"
    )
    for event in (call, seen, grade):
        assert [p.startswith(unknown) for p in _problems([opened, event])] == [True]
    for twice, what in ((end, "settles call"), (learn, "learns of decision")):
        whole = [opened, decision, call, end, seen, learn, twice]
        assert [p.startswith(f"event 6, learner 'linucb-0': {what}") for p in _problems(whole)] == [
            True
        ]
    other = msgspec.structs.replace(end, learner="other")
    assert len(_problems([opened, decision, call, other])) == 1


def test_the_calls_of_a_grader_are_nobodys_decision() -> None:
    opened, decision, call, end, *_ = story()
    beside = [msgspec.structs.replace(event, learner="grader") for event in (call, end)]
    assert _problems([opened, decision, *beside, call, end]) == []
    assert len(_problems([opened, beside[1]])) == 1
