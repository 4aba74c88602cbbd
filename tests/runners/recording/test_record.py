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

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.backends.fake import FakeServer
from gairp.errors import ConfigError, DataError
from gairp.run import CONF
from gairp.runners.recording.runner import RecordingRunner
from gairp.runners.replay.runner import StudyRunner
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
    assert set(outcomes["agreement_k"]) == {2.0}  # as in the embedded data: beside its own answer
    own = outcomes[["output_tokens", "cost_usd"]].to_numpy()
    np.testing.assert_allclose(
        outcomes[["agreement_output_tokens", "agreement_cost_usd"]].to_numpy(), 2 * own
    )
    assert len(calls) == 3 * 2 * 3


@pytest.mark.filterwarnings("ignore")  # MLflow's own libraries warn
def test_the_trace_replays(settings: Settings, questions: Path, tmp_path: Path) -> None:
    folder, _ = recorded(settings, questions, tmp_path, PROGRAM)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "+experiment=custom", f"trace.path={folder}/outcomes.parquet",
                f"trace.prompts={folder}/prompts.parquet", "policy=[random,best_on_train]",
                "primary=random", "comparators=[best_on_train]", "features=metadata", "seed=[0]",
                "bootstrap.draws=20", f"tracking.uri=sqlite:///{tmp_path}/mlflow.db",
                f"out={tmp_path}/replay",
            ],
        )  # fmt: skip
    plain: Any = OmegaConf.to_container(config, resolve=True)
    report = StudyRunner(plain, out=tmp_path / "replay", workers=1).run()
    found = pd.read_csv(report / "summary.csv").set_index("policy")
    quality = float(str(found.loc["best_on_train", "quality"]))
    assert quality == 1.0  # the arm that says right


def test_incomplete_prompts_are_kept_on_request(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    program = {**PROGRAM, "faults": [{"kind": "status_400", "when": "call 3"}]}
    more = ("live.count=8", "recording.incomplete=true")
    folder, _ = recorded(settings, questions, tmp_path, program, *more)
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    assert sorted(outcomes.groupby("prompt_id").size()) == [1, *[2] * 7]
    assert outcomes["score"].notna().all()  # what is missing is absent, not 0


def test_the_ceiling_counts_what_an_earlier_process_spent(
    settings: Settings, questions: Path, tmp_path: Path
) -> None:
    more = ("live.ceiling.tokens=900", "live.params.max_tokens=20")
    _, first = recorded(settings, questions, tmp_path, PROGRAM, *more)
    folder, second = recorded(settings, questions, tmp_path, PROGRAM, *more)
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    distinct = outcomes.drop_duplicates("request_digest")
    assert len(distinct) == len(first) + len(second) > 0
    assert distinct[["input_tokens", "output_tokens"]].to_numpy().sum() <= 900


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
            f"out={out}", f"hydra.run.dir={out}/hydra", "+recording.vote.params={seed: 0}",
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
    whole = 2 * 2 * (COUNT - 1)  # an answer and a vote of two arms; two questions are the same
    assert 30 <= before < whole
    # At most the calls under way at the kill are asked twice: four users, two arms each.
    assert whole <= len(calls) <= whole + 8
    outcomes = pd.read_parquet(out / "trace" / "outcomes.parquet")
    assert Counter(outcomes["prompt_id"]) == Counter({f"q{i:02d}": 2 for i in range(COUNT)})
