"""Arms that take more than one call: a closing where the answer is missing, a vote on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gairp.backends.fake import Ask, FakeServer
from gairp.errors import ConfigError, UnknownNameError
from gairp.runners.live.runner import LiveRunner
from gairp.runners.recording.refresh import RefreshRunner
from gairp.runners.recording.runner import RecordingRunner

Settings = Callable[..., dict[str, Any]]
COUNT = 4
SAMPLES = {"reason": 3, "plain": 2}
#: Of the two models, one is sure of itself; one closes wrongly.
ARMS: dict[str, Any] = {
    "reason": {
        "backend": "server",
        "model": "thinker",
        "recipe": {
            "system": "Think.",
            "ask": "{prompt} First the working, then 'Answer:' and {hint}.",
            "closing": {
                "marker": "Answer:",
                "ask": "So what is {hint}?",
                "working": {"max_tokens": 9},
                "params": {"stop": ["."]},
            },
        },
    },
    "plain": {"backend": "server", "model": "talker"},
}


class Models:
    """Answers by the last message, and keeps what was asked, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int | None]] = []  #: model, last message, max_tokens
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, ask: Ask) -> str:
        self.asked.append((ask.model, ask.prompt, ask.max_tokens))
        self.bodies.append(dict(ask.body))
        if ask.prompt.startswith("Is that answer"):
            return "Yes" if ask.model == "thinker" else "No"
        if ask.prompt.startswith("So what is"):
            return "right"
        if ask.model == "talker" or "seed" in ask.body:
            return "left"
        return "we see. Answer: right" if "question 0" in ask.prompt else "we see nothing"

    def count(self, start: str) -> int:
        return sum(prompt.startswith(start) for _, prompt, _ in self.asked)


@pytest.fixture
def recorded(settings: Settings, tmp_path: Path) -> Callable[..., tuple[Any, Models]]:
    """`recorded(closing)`: the outcomes of four questions, and what was asked for them."""
    table = tmp_path / "few.jsonl"
    rows = [
        {
            "prompt_id": f"q{i}", "prompt": f"question {i}", "answer": "right", "grader": "text",
            "difficulty": 1 + i % 3, "fields": {"hint": f"word {i}"}, "params": {"max_tokens": 5},
        }
        for i in range(COUNT)
    ]  # fmt: skip
    pd.DataFrame(rows).to_json(table, orient="records", lines=True)

    def run(*more: str, ask: str | None = None) -> tuple[Any, Models]:
        models = Models()
        program: Any = {"models": {name: {"answer": models} for name in ("thinker", "talker")}}
        with FakeServer(program).in_thread() as server:
            overrides = ("trace.dataset=null", f"trace.prompts={table}", "recording.samples=2")
            plain = settings("record", server.base_url, *overrides, *more)
            plain["live"]["arms"] = {name: dict(arm) for name, arm in ARMS.items()}
            if ask is not None:
                closing = {**ARMS["reason"]["recipe"]["closing"], "ask": ask}
                recipe = {**ARMS["reason"]["recipe"], "closing": closing}
                plain["live"]["arms"]["reason"]["recipe"] = recipe
            plain["recording"]["samples_of"] = {"reason": 3}
            folder = RecordingRunner(plain, out=tmp_path / "record").run()
        table_ = pd.read_parquet(folder / "outcomes.parquet").astype({"model": str})
        return table_.set_index(["model", "prompt_id"]).sort_index(), models

    return run


def test_each_turn_is_asked_for_and_counted(
    recorded: Callable[..., tuple[Any, Models]],
) -> None:
    rows, models = recorded("+recording.vote.params={temperature: 0}")
    own, closed = rows.loc["reason", "q0"], rows.loc["reason", "q1"]
    assert (own["response"], own["final"], own["score"]) == ("we see. Answer: right", "right", 1.0)
    assert (closed["response"], closed["final"]) == ("we see nothing\nright", "right")
    # Words are tokens: system 1, ask 10 with the question's 2; then what was said, and 5 more.
    assert (own["input_tokens"], own["output_tokens"]) == (11, 4)
    assert (closed["input_tokens"], closed["output_tokens"]) == (11 + 11 + 3 + 5, 3 + 1)
    assert closed["ttft_s"] <= closed["latency_s"]
    # The two further samples say nothing either, and are closed as right.
    assert rows.loc["reason"]["agreement"].tolist() == [1.0] * COUNT
    assert rows.loc["reason"]["agreement_k"].tolist() == [2] * COUNT
    assert [list(answers) for answers in rows.loc["reason"]["agreement_answers"]] == [
        ["right", "right"]
    ] * COUNT
    assert rows.loc["plain"]["agreement_k"].tolist() == [1] * COUNT
    assert rows.loc["plain"]["score"].tolist() == [0.0] * COUNT
    assert rows["verify_p_yes"].groupby("model").agg(set).to_dict() == {
        "plain": {0.0}, "reason": {1.0},
    }  # fmt: skip
    assert rows["verify_vote"].equals(rows["verify_p_yes"])
    assert rows["verify_output_tokens"].eq(1).all()
    assert closed["verify_input_tokens"] == 11 + 3 + 5 + 1 + 10  # the whole conversation
    # Only the own answer to q0 needs no closing.
    assert models.count("So what is") == 3 * COUNT - 1
    assert models.count("Is that answer") == 2 * COUNT
    assert len(models.asked) == COUNT * (3 + 2 + 2) + 3 * COUNT - 1
    seeds = [body["seed"] for body in models.bodies if "seed" in body]
    assert len(seeds) == len(set(seeds)) == COUNT * (2 + 1)  # of each sample one of its own
    limits = {(model, prompt[:10]): limit for model, prompt, limit in models.asked}
    assert limits["thinker", "question 1"] == 9
    assert limits["thinker", "So what is"] == 5
    assert limits["talker", "question 1"] == 5
    assert limits["talker", "Is that an"] == 1
    (closing,) = [b for b in models.bodies if b["messages"][-1]["content"] == "So what is word 1?"][
        :1
    ]
    assert closing["stop"] == ["."]
    assert [m["role"] for m in closing["messages"]] == ["system", "user", "assistant", "user"]
    assert closing["messages"][1]["content"] == (
        "question 1 First the working, then 'Answer:' and word 1."
    )


def test_only_what_is_missing_is_asked_and_what_changed_is_graded_anew(
    recorded: Callable[..., tuple[Any, Models]],
) -> None:
    first, _ = recorded()
    assert "verify_vote" not in first
    more, models = recorded("+recording.vote.params={temperature: 0}")
    assert len(models.asked) == models.count("Is that answer") == 2 * COUNT
    again, models = recorded("+recording.vote.params={temperature: 0}")
    assert models.asked == []
    pd.testing.assert_frame_equal(more, again)
    # Another closing is another answer where there was one, and votes on those are others.
    other, models = recorded(ask="Which word is {hint}?")
    assert {prompt[:10] for _, prompt, _ in models.asked} == {"Which word"}
    assert len(models.asked) == 3 * COUNT - 1
    assert other.loc["reason"]["score"].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_alone_a_backend_has_one_arm_at_a_time(
    recorded: Callable[..., tuple[Any, Models]],
) -> None:
    _, models = recorded("recording.alone=true", "+recording.vote.params={temperature: 0}")
    asked = [model for model, _, _ in models.asked]
    turns = 1 + int(np.sum(np.array(asked[1:]) != np.array(asked[:-1])))
    assert turns <= 2 * COUNT  # without it the calls of eight questions' arms are mixed
    firsts = [i for i, (_, p, _) in enumerate(models.asked) if p.startswith("Is that answer")]
    for i in firsts:  # a vote comes right after the answer
        assert models.asked[i - 1][0] == models.asked[i][0]


def test_a_refresh_asks_such_arms_as_they_were_recorded(
    recorded: Callable[..., tuple[Any, Models]], settings: Settings, tmp_path: Path
) -> None:
    recorded("+recording.vote.params={temperature: 0}")
    models, trace = Models(), tmp_path / "record" / "trace"
    program: Any = {"models": {name: {"answer": models} for name in ("thinker", "talker")}}
    with FakeServer(program).in_thread() as server:
        plain = settings(
            "refresh", server.base_url, "trace.dataset=null",
            f"trace.path={trace}/outcomes.parquet", f"trace.prompts={trace}/prompts.parquet",
        )  # fmt: skip
        plain["live"]["arms"] = ARMS
        found = RefreshRunner(plain, out=tmp_path / "refresh").compare()
    assert found is not None
    assert [(one.arm, one.unanswered, one.drift.verdict) for one in found] == [
        ("reason", 0, "not enough data"), ("plain", 0, "not enough data"),
    ]  # fmt: skip
    assert all(one.tokens[0] == one.tokens[1] > 0 for one in found)
    assert models.count("Is that answer") == 0  # votes are no part of the comparison
    assert {limit for _, prompt, limit in models.asked if "First" in prompt} == {9}


def test_wrong_settings_are_refused(settings: Settings, questions: Path, tmp_path: Path) -> None:
    def plan(arm: dict[str, Any], *more: str) -> None:
        new = ("trace.dataset=null", f"trace.prompts={questions}")
        plain = settings("record", "http://127.0.0.1:1/v1", *new, *more)
        plain["live"]["arms"] = {"a": {**arm, "backend": "server", "model": "m"}}
        RecordingRunner(plain, out=tmp_path).plan()

    with pytest.raises(ConfigError, match=r"live.arms.a.recipe.closing: .*marker"):
        plan({"recipe": {"closing": {"ask": "And?"}}})
    with pytest.raises(UnknownNameError, match=r"recording\.samples_of"):
        plan({}, "+recording.samples_of.b=2")
    with pytest.raises(UnknownNameError, match=r"recording.vote.param\b"):
        plan({}, "+recording.vote.param=1")
    with pytest.raises(ConfigError, match=r"recording.samples_of.a is 0"):
        plan({}, "+recording.samples_of.a=0")


def test_live_runs_make_one_call_and_say_so(settings: Settings, tmp_path: Path) -> None:
    plain = settings("live", "http://127.0.0.1:1/v1")
    plain["live"]["arms"] = ARMS
    with pytest.raises(ConfigError, match=r"live\.arms\.reason\.recipe\.closing"):
        LiveRunner(plain, out=tmp_path)
