"""The recorder on a fake model: complete, resumable, compacted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from gairp.backends.chat import Message, Reply
from gairp.backends.fake import FakeChat
from gairp.backends.recipe import FewShot, Plain
from gairp.errors import BackendError, DataError
from gairp.runners.progress import Progress
from gairp.runners.recording.metered.arm import RecordedArm
from gairp.runners.recording.metered.card import BEGIN, END, refresh
from gairp.runners.recording.metered.compact import OUTCOMES, compact
from gairp.runners.recording.metered.recorder import Recorder
from gairp.runners.recording.metered.row import measure, yes_probability
from gairp.runners.recording.metered.runner import RecordRunner
from gairp.traces.tasks import Task

FAMILIES = ("arithmetic", "sentiment")


def script(messages: Sequence[Message], seed: int) -> str:
    """Always positive, always 7, and sure of itself; the third sample differs."""
    last = messages[-1]["content"]
    if last.startswith("Is that answer"):
        return "Yes"
    if seed == 3:
        return "unsure"
    return "positive" if "review" in last else "7"


class Failing(FakeChat):
    """Breaks down at its tenth call."""

    def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cache: bool = False,
    ) -> Reply:
        if len(self.calls) == 9:
            raise BackendError("gone")
        return super().chat(messages, max_tokens=max_tokens, seed=seed)


def recorder(work: Path, chat: type[FakeChat] = FakeChat, lanes: int = 2) -> Recorder:
    return Recorder(
        models={"m": lambda: chat(script)},
        arms={
            "plain": RecordedArm(model="m", recipe=Plain()),
            "shots": RecordedArm(model="m", recipe=FewShot()),
        },
        work=str(work),
        per_family=6,
        families=FAMILIES,
        lanes=lanes,
    )


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_measure_takes_every_signal_with_its_own_cost() -> None:
    task = Task(
        id="t", family="f", difficulty=1, question="Is this review good?", hint="one",
        answer="positive", grader="choice:positive|negative", max_tokens=4,
    )  # fmt: skip
    arm = RecordedArm(model="m", recipe=Plain(), samples=3)
    got = measure(FakeChat(script), arm, task, usd_per_core_hour=3.6, temperature=0.7, seed=1)
    assert (got["score"], got["extracted"]) == (1.0, "positive")
    assert got["agreement"] == 2 / 3
    assert got["agreement_answers"] == ["positive", "positive", ""]
    assert (got["verify_p_yes"], got["verify_vote"]) == (1.0, 1.0)
    assert (got["logprob_mean"], got["logprob_min"]) == (-0.1, -0.1)
    assert got["compute_s"] == 0.5
    assert got["cost_usd"] == pytest.approx(0.5 * 0.001, rel=1e-12)
    assert got["agreement_cost_usd"] == pytest.approx(1.5 * 0.001, rel=1e-12)
    assert got["verify_cost_usd"] == pytest.approx(0.5 * 0.001, rel=1e-12)


def test_records_every_pair_once_prompt_by_prompt(tmp_path: Path) -> None:
    rows = lines(recorder(tmp_path, lanes=1).record())
    assert [row["model"] for row in rows] == ["plain", "shots"] * 12
    assert [row["prompt_id"] for row in rows[::2]] == [row["prompt_id"] for row in rows[1::2]]
    assert len({row["prompt_id"] for row in rows}) == 12


def test_two_lanes_record_the_same_answers(tmp_path: Path) -> None:
    def answers(work: Path, lanes: int) -> set[tuple[object, ...]]:
        keys = ("prompt_id", "model", "response", "score", "agreement", "settings")
        rows = lines(recorder(work, lanes=lanes).record())
        return {tuple(row[key] for key in keys) for row in rows}

    assert answers(tmp_path / "one", 1) == answers(tmp_path / "two", 2)


def test_continues_after_a_failure_and_a_torn_row(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="gone"):
        recorder(tmp_path, Failing, lanes=1).record()
    path = tmp_path / "journal.jsonl"
    before = lines(path)
    assert 0 < len(before) < 24
    path.write_bytes(path.read_bytes() + b'{"prompt_id": "torn')
    after = lines(recorder(tmp_path).record())
    assert after[: len(before)] == before
    assert len({(row["prompt_id"], row["model"]) for row in after}) == len(after) == 24


def test_runner_writes_both_tables_and_the_card(tmp_path: Path) -> None:
    out = RecordRunner(
        recorder=recorder(tmp_path / "w"), out=str(tmp_path / "d"), dataset="x"
    ).run()
    outcomes = pd.read_parquet(out / "outcomes.parquet")
    prompts = pd.read_parquet(out / "prompts.parquet")
    assert list(outcomes.columns) == list(OUTCOMES)
    assert len(outcomes) == 24
    assert set(outcomes["prompt_id"]) == set(prompts["prompt_id"])
    positive = prompts["answer"].eq("positive").sum()
    assert outcomes.groupby("model", observed=True)["score"].sum().eq(positive).all()
    (out / "README.md").write_text(f"# Card\n\n{BEGIN}\nold\n{END}\n\nEnd.\n")
    text = refresh(out)
    assert "| prompts answered by every arm | 12 |" in text
    assert "old" not in text
    assert text.endswith("\n\nEnd.\n")


def test_card_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Card\n")
    with pytest.raises(DataError, match="lacks the marks"):
        refresh(tmp_path)


def test_an_empty_journal_makes_no_tables(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no task that every arm answered"):
        compact(tmp_path / "journal.jsonl", [], tmp_path / "out", dataset="x")
    assert not (tmp_path / "out").exists()


def test_a_recording_cut_short_keeps_complete_prompts(tmp_path: Path) -> None:
    path = recorder(tmp_path, lanes=1).record()
    kept = path.read_text().splitlines(keepends=True)[:5]  # two prompts, and half of a third
    path.write_text("".join(kept))
    out = RecordRunner(recorder=recorder(tmp_path), out=str(tmp_path / "d")).write()
    assert len(pd.read_parquet(out / "outcomes.parquet")) == 4
    assert len(pd.read_parquet(out / "prompts.parquet")) == 2


def test_yes_probability_sums_spellings() -> None:
    both = yes_probability({"Yes": -1.0, " yes": -1.0, "No": -1.0, "The": -0.1})
    assert both == pytest.approx(2 / 3, rel=1e-12)
    assert yes_probability({"The": -0.1}) is None


def test_progress_line() -> None:
    import io

    progress = Progress(total=10, out=io.StringIO())
    progress.count = 4
    assert progress.line(8.0) == "4/10 rows, 0.50 rows/s, 0.2 min left"
