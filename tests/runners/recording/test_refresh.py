"""A model that changed behind its name is found; one that did not is left in peace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gairp.backends.fake import FakeServer
from gairp.errors import ConfigError, UnknownNameError
from gairp.records.events import Graded
from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.differences import differences
from gairp.runners.recording.drift import DriftRule, drift
from gairp.runners.recording.plan import Plan, subject
from gairp.runners.recording.recorded import Recorded
from gairp.runners.recording.reference import Reference
from gairp.runners.recording.refresh import RefreshRunner
from gairp.runners.recording.runner import RecordingRunner
from gairp.traces.trace import Trace
from gairp.types import Arm
from tests.runners.recording.conftest import COUNT

Settings = Callable[..., dict[str, Any]]
THEN: dict[str, Any] = {
    "models": {"good": {"answer": {"text": "right"}}, "other": {"answer": {"text": "left"}}}
}
NOW: dict[str, Any] = {
    "models": {
        "good": {"answer": {"text": "left"}, "answers_as": "good-2"},
        "other": {"answer": {"text": "left"}},
    }
}


@pytest.fixture
def trace(settings: Settings, questions: Path, tmp_path: Path) -> Path:
    with FakeServer(THEN).in_thread() as server:
        plain = settings(
            "record", server.base_url, "trace.dataset=null", f"trace.prompts={questions}"
        )
        return RecordingRunner(plain, out=tmp_path / "record").run()


def refresh(
    settings: Settings, trace: Path, tmp_path: Path, program: Any, *more: str
) -> tuple[RefreshRunner, int, int]:
    with FakeServer(program).in_thread() as server:
        plain = settings(
            "refresh", server.base_url, "trace.dataset=null",
            f"trace.path={trace}/outcomes.parquet", f"trace.prompts={trace}/prompts.parquet", *more,
        )  # fmt: skip
        runner = RefreshRunner(plain, out=tmp_path / "refresh")
        code = 0
        try:
            runner.run()
        except SystemExit as end:
            code = int(end.code or 0)
        return runner, code, len(server.ledger.calls())


def test_a_change_is_found_and_the_arm_left_alone(
    settings: Settings, trace: Path, tmp_path: Path
) -> None:
    _, code, calls = refresh(settings, trace, tmp_path, NOW, "live.pacing.users=1")
    assert code == 3
    assert 0 < calls < 2 * (COUNT - 1)  # the changed arm was not asked to the end
    table = pd.read_csv(tmp_path / "refresh" / "report" / "drift.csv").set_index("arm")
    assert table["verdict"].to_dict() == {"good": "drifted", "other": "no drift seen"}
    good = table.loc["good"]
    assert (good["answered_by_then"], good["answered_by_now"]) == ("good", "good-2")
    assert good["mean_change"] == -1.0
    assert good["crossing"] <= 12
    assert good["high"] < 0.0  # the interval says the same as the test
    assert good["alpha"] == 0.025  # 0.05 over two arms
    assert table.loc["other", "mean_change"] == 0.0
    assert good["output_tokens_then"] > 0
    assert good["cost_usd_now"] > 0
    assert (tmp_path / "refresh" / "report" / "evidence.png").stat().st_size > 10_000


def test_the_same_model_has_not_drifted(settings: Settings, trace: Path, tmp_path: Path) -> None:
    _, code, calls = refresh(settings, trace, tmp_path, THEN)
    assert code == 0
    # One of each group of near-duplicates, and both arms of it.
    assert 0 < calls <= 2 * (COUNT - 1)
    table = pd.read_csv(tmp_path / "refresh" / "report" / "drift.csv")
    assert "drifted" not in set(table["verdict"])
    _, code, calls = refresh(settings, trace, tmp_path, THEN)
    assert (code, calls) == (0, 0)  # nothing is asked twice


def test_an_arm_that_was_not_recorded_is_refused(
    settings: Settings, trace: Path, tmp_path: Path
) -> None:
    with FakeServer(THEN).in_thread() as server:
        plain = settings(
            "refresh", server.base_url, "trace.dataset=null",
            f"trace.path={trace}/outcomes.parquet", f"trace.prompts={trace}/prompts.parquet",
        )  # fmt: skip
        plain["live"]["arms"]["new"] = plain["live"]["arms"]["good"]
        with pytest.raises(UnknownNameError, match="recorded arm 'new'"):
            RefreshRunner(plain, out=tmp_path / "refresh").run()


def test_an_arm_that_would_be_asked_otherwise_is_refused_before_anything_is_sent(
    settings: Settings, trace: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="would be asked otherwise"):
        refresh(settings, trace, tmp_path, THEN, "live.params.temperature=0.5")
    assert not (tmp_path / "refresh" / "log").exists()
    more = ("live.params.temperature=0.5", "refresh.same_requests=false", "live.count=3")
    _, code, calls = refresh(settings, trace, tmp_path, THEN, *more)
    assert (code, calls) == (0, 6)
    table = pd.read_csv(tmp_path / "refresh" / "report" / "drift.csv")
    assert set(table["verdict"]) == {"not enough data"}


def test_an_answer_from_a_cache_is_refused(settings: Settings, trace: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"live\.cache is set"):
        refresh(settings, trace, tmp_path, NOW, f"live.cache={tmp_path}/cache.sqlite")


def test_evidence_is_in_the_order_of_the_plan_whatever_ended_first() -> None:
    questions = [LiveQuestion(row=i, id=f"q{i}", text=f"text {i}") for i in range(4)]
    plan = Plan(questions=questions, arms={"a": Arm(name="a", backend="b", model="a")})
    recorded = Recorded(grader="g")
    reference = Reference(
        Trace(
            name="then", prompt_ids=tuple(q.id for q in questions), arms=("a",),
            prompts=tuple(q.text for q in questions), categories=("",) * 4,
            score=np.full((4, 1), 0.5), quantities={}, groups=np.arange(4),
        )
    )  # fmt: skip
    for process, graded in ((1, (2, 0)), (2, (3, 1))):  # the order in which answers came
        recorded.processes = process
        for i in graded:
            answer(recorded, plan, i, quality=i / 4)
    whole = differences(plan, recorded, reference)["a"]
    assert whole == [-0.5, 0.0, -0.25, 0.25]  # q0, q2 of the first process, then q1, q3
    # While question 2 of this process is under way, question 3 does not count, though it is there.
    assert differences(plan, recorded, reference, done=2)["a"] == [-0.5, 0.0, -0.25]
    assert differences(plan, recorded, reference, done=1)["a"] == whole[:2]


def answer(recorded: Recorded, plan: Plan, i: int, *, quality: float) -> None:
    """Let question `i` have been answered and graded."""
    pair = plan.of(plan.questions[i])[0]
    recorded._decided[f"d{i}"] = SimpleNamespace(  # type: ignore[assignment]
        tags={"key": pair.key, "subject": subject(pair.question)}
    )
    recorded.answers[pair.key] = SimpleNamespace(decision_id=f"d{i}")  # type: ignore[assignment]
    recorded._counts = True
    recorded.feed(
        Graded(learner="recording", at=0.0, decision_id=f"d{i}", quality=quality, status="ok",
               source="g", cost_usd=0.0)
    )  # fmt: skip


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Equal models, watched after every one of 300 prompts, four arms: at most alpha of streams."""
    rng = np.random.default_rng(5)
    rule = DriftRule(alpha=0.05)
    alarms = 0
    for _ in range(300):
        then = rng.random((4, 300)) < 0.7
        now = rng.random((4, 300)) < 0.7
        steps = now.astype(float) - then
        alarms += any(drift("a", row.tolist(), rule, 4).crossing is not None for row in steps)
    assert alarms <= 300 * 0.05


def test_a_real_change_is_found_soon() -> None:
    """From 0.7 to 0.5 right: within 300 prompts in nine of ten streams."""
    rng = np.random.default_rng(6)
    found = []
    for _ in range(100):
        steps = (rng.random(300) < 0.5).astype(float) - (rng.random(300) < 0.7)
        found.append(drift("a", steps.tolist(), DriftRule(), 2))
    assert sum(one.crossing is not None for one in found) >= 90
    covered = [low <= -0.2 <= high for _, low, high in (one.change() for one in found[:20])]
    assert sum(covered) == 20
