"""Questions from tables: what is read, what is refused and where."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from gairp.errors import BadRowError, ConfigError, DataError
from gairp.runners.live.questions import read_questions
from gairp.traces.tasks.examples import FamilyExamples

ROWS = [
    {"prompt_id": "a", "prompt": "2 + 2?", "category": "arithmetic", "answer": "4"},
    {"prompt_id": "b", "prompt": "3 + 3?", "category": "other", "answer": None},
]


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_every_format_gives_the_same(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"q.{kind}"
    table = pd.DataFrame(ROWS)
    if kind == "parquet":
        table.to_parquet(path)
    elif kind == "csv":
        table.to_csv(path, index=False)
    else:
        path.write_text("\n".join(json.dumps(row) for row in ROWS))
    first, second = read_questions(path)
    assert (first.id, first.text, first.category, first.answer) == (
        "a", "2 + 2?", "arithmetic", "4",
    )  # fmt: skip
    assert second.answer is None
    assert (first.row, second.row) == (0, 1)


def test_messages_and_params_are_json(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    turns = [{"role": "user", "content": "hi"}]
    path.write_text(json.dumps({"id": "a", "messages": turns, "params": {"n": 2}}))
    (question,) = read_questions(path)
    request = question.request("linucb-0", 1.5)
    assert (request.id, request.messages, request.params) == ("linucb-0/a", tuple(turns), {"n": 2})
    assert question.text == "hi"


def test_examples_come_by_category(tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pd.DataFrame(ROWS).to_parquet(path)
    first, second = read_questions(path, examples=FamilyExamples(seed=7))
    assert len(first.examples) == 4
    assert all(question and answer for question, answer in first.examples)
    assert second.examples == ()


def test_the_embedded_questions_are_read_with_their_graders() -> None:
    questions = read_questions(Path("datasets/local_llm/prompts.parquet"))
    assert len(questions) == 1122
    assert all(question.answer and question.grader for question in questions)


def test_bad_tables_are_refused_with_file_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    with pytest.raises(ConfigError, match="there is no file"):
        read_questions(path)
    path.write_text('{"prompt": "x"}')
    with pytest.raises(DataError, match="needs the columns prompt_id and prompt"):
        read_questions(path)
    path.write_text('{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}')
    with pytest.raises(BadRowError, match=r"row 2, column 'prompt_id': occurs twice"):
        read_questions(path)
    path.write_text('{"id": "a", "prompt": ""}')
    with pytest.raises(BadRowError, match=r"row 1, column 'prompt': is empty"):
        read_questions(path)
    path.write_text('{"id": "a", "prompt": "x", "params": "{cut"}')
    with pytest.raises(BadRowError, match=r"column 'params': is no JSON object"):
        read_questions(path)
