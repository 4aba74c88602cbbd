"""A trace of live models: whole, resumable, deduplicated, within its budget."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gairp.backends.fake import FakeServer
from gairp.errors import ConfigError, DataError
from gairp.runners.recording.runner import RecordingRunner
from gairp.traces.adapters import read_trace
from tests.conftest import ROOT
from tests.runners.recording.conftest import COUNT

PROGRAM: dict[str, Any] = {
    "models": {"good": {"answer": {"text": "right"}}, "other": {"answer": {"text": "left"}}}
}
NEW = ("trace.dataset=null",)
Settings = Callable[..., dict[str, Any]]


def recorded(
    settings: Settings, questions: Path, tmp_path: Path, program: Any, *more: str
) -> tuple[Path, Any]:
    with FakeServer(program).in_thread() as server:
        plain = settings("record", server.base_url, *NEW, f"trace.prompts={questions}", *more)
        folder = RecordingRunner(plain, out=tmp_path / "record").run()
        return folder, list(server.ledger.calls())


def test_a_trace_of_every_question_and_arm(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    folder, calls = recorded(settings, questions, tmp_path, PROGRAM)
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    assert len(outcomes) == 2 * COUNT
    assert outcomes.groupby("model")["score"].mean().to_dict() == {"good": 1.0, "other": 0.0}
    assert (outcomes["cost_usd"] > 0).all()
    assert len(calls) == 2 * (COUNT - 1)  # the two with the same text are asked once
    trace = read_trace(folder / "outcomes.parquet", folder / "prompts.parquet", name="it")
    assert len(trace.complete_rows()) == COUNT
    again, calls = recorded(settings, questions, tmp_path, PROGRAM)
    assert calls == []  # nothing was missing
    assert again == folder
    assert "asked once" in (folder / "card.md").read_text(encoding="utf-8")


def test_more_questions_ask_only_those(settings: Settings, questions: Path, tmp_path: Path) -> None:
    _, first = recorded(settings, questions, tmp_path, PROGRAM, "live.count=10")
    folder, second = recorded(settings, questions, tmp_path, PROGRAM, "live.count=15")
    assert len(first) + len(second) == 2 * 15
    assert pd.read_parquet(folder / "outcomes.parquet")["prompt_id"].nunique() == 15


def test_samples_give_agreement(settings: Settings, questions: Path, tmp_path: Path) -> None:
    folder, calls = recorded(
        settings, questions, tmp_path, PROGRAM, "live.count=3", "recording.samples=3"
    )
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    assert set(outcomes["agreement"]) == {1.0}
    assert set(outcomes["samples"]) == {3.0}
    assert len(calls) == 3 * 2 * 3


def test_what_fails_for_good_is_left_out_and_said(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    faults = [{"kind": "status_400", "when": "call 3"}]
    folder, _ = recorded(
        settings, questions, tmp_path, {**PROGRAM, "faults": faults}, "live.count=8"
    )
    missing = pd.read_csv(folder / "missing.csv")
    assert len(missing) == 1
    assert "bad_request" in missing["why"][0]
    assert pd.read_parquet(folder / "outcomes.parquet")["prompt_id"].nunique() == 7


def test_the_ceiling_ends_it_before_it_is_crossed(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    folder, calls = recorded(
        settings,
        questions,
        tmp_path,
        PROGRAM,
        "live.ceiling.tokens=900",
        "live.params.max_tokens=20",
    )
    assert 0 < len(calls) < 2 * (COUNT - 1)
    missing = pd.read_csv(folder / "missing.csv")
    assert missing["why"].str.contains("ceiling").all()
    # No question was begun that could not be ended.
    assert pd.read_parquet(folder / "outcomes.parquet").groupby("prompt_id").size().eq(2).all()


def test_a_grader_that_cannot_grade_is_refused_before_anything_is_asked(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "ungraded.csv"
    path.write_text("prompt_id,prompt,grader\na,hello,nonsense\n")
    with pytest.raises(ConfigError, match="nonsense"):
        recorded(settings, path, tmp_path, PROGRAM)


def test_a_trace_without_a_prompt_is_none(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    program = {**PROGRAM, "faults": ["status_400"]}
    with pytest.raises(DataError, match="no trace yet"):
        recorded(settings, questions, tmp_path, program, "live.count=2")


def test_a_dry_run_says_the_worst_case_and_sends_nothing(
    settings: Settings, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, calls = recorded(settings, questions, tmp_path, PROGRAM, "live.dry_run=true")
    assert calls == []
    assert f"{2 * COUNT} answers wanted, 0 are there" in capsys.readouterr().out


def test_killed_in_the_middle_nothing_answered_is_asked_again(
    questions: Path, tmp_path: Path
) -> None:
    program = {"models": {"*": {"answer": {"text": "right"}, "first_token_s": 0.03}}}
    out = tmp_path / "out"
    with FakeServer(program).in_thread() as server:
        command = [
            sys.executable, "-m", "gairp.run", "+experiment=record", "live=url",
            f"live.backends.server.base_url={server.base_url}", "live.ceiling.usd=null",
            "live.arms.plain.model=one", "live.arms.shots.model=two", "trace.dataset=null",
            f"trace.prompts={questions}", "live.pacing.users=4", "live.limits.default=4",
            f"out={out}", f"hydra.run.dir={out}/hydra",
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        due = time.monotonic() + 60
        while len(server.ledger.calls()) < 30 and time.monotonic() < due:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(server.ledger.calls())
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        calls = list(server.ledger.calls())
    assert 30 <= before < 2 * (COUNT - 1)
    # At most the calls under way at the kill are asked twice: four users, two arms each.
    assert 2 * (COUNT - 1) <= len(calls) <= 2 * (COUNT - 1) + 8
    outcomes = pd.read_parquet(out / "trace" / "outcomes.parquet")
    assert Counter(outcomes["prompt_id"]) == Counter({f"q{i:02d}": 2 for i in range(COUNT)})
