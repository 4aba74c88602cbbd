from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import BadRowError
from gairp.traces.converters import cl100k, llmrouter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scores = {
        "train": [
            {"question": "Add 1 and 2.", "scores": {"m1": 1, "m2": 0.5}, "cluster_id": 2},
            {"question": "Name a bird.", "scores": {"m2": 0.25, "m1": 0.0}, "cluster_id": 0},
        ],
        "test": [{"question": "Name a bird.", "scores": {"m1": 1.0, "m2": 1.0}}],
    }
    queries = {
        "train": [
            {"task_name": "birds", "query": "Name a bird.", "metric": "f1_score"},
            {"task_name": "sums", "query": "Add 1 and 2.", "metric": "MATH"},
            {"task_name": "other", "query": "Add 1 and 2.", "metric": "em_mc"},
        ],
        "test": [{"task_name": "birds", "query": "Name a bird.", "metric": "f1_score"}],
    }
    for split in ("train", "test"):
        write(tmp_path, llmrouter.SCORES.format(split=split), json.dumps(scores[split]))
        lines = "\n".join(json.dumps(row) for row in queries[split])
        write(tmp_path, llmrouter.QUERIES.format(split=split), lines + "\n")
    card = {"size": "7B", "feature": "-", "input_price": 0.2, "output_price": 0.4}
    cards = {"m1": card | {"model": "org/m1", "service": "X"}}
    write(tmp_path, llmrouter.CANDIDATES, json.dumps(cards))
    return tmp_path


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_scores_join_their_task_by_the_text(folder: Path) -> None:
    tables = llmrouter.convert(folder)
    bird = cl100k.count("Name a bird.")
    assert tables["outcomes"].to_dict("records")[2] == {
        "prompt_id": "llmrouter/train/1",
        "dataset": "birds",
        "model": "m2",
        "score": 0.25,
        "split": "train",
        "input_tokens": bird,
    }
    assert tables["outcomes"]["score"].tolist() == [1.0, 0.5, 0.25, 0.0, 1.0, 1.0]
    prompts = tables["prompts"]
    assert prompts["prompt_id"].tolist() == [
        "llmrouter/train/0",
        "llmrouter/train/1",
        "llmrouter/test/0",
    ]
    assert prompts["dataset"].tolist() == ["sums", "birds", "birds"]
    assert prompts["metric"].tolist() == ["MATH", "f1_score", "f1_score"]
    assert prompts["duplicate_prompt"].tolist() == [False, True, True]
    assert prompts["cluster_id"].tolist()[:2] == [2.0, 0.0]
    assert math.isnan(prompts["cluster_id"].tolist()[2])


def test_prices_are_usd_per_million(folder: Path) -> None:
    (row,) = llmrouter.convert(folder)["model_prices"].to_dict("records")
    expected: dict[str, Any] = {
        "model": "m1",
        "size": "7B",
        "input_usd_per_mtok": 0.2,
        "output_usd_per_mtok": 0.4,
        "service_model": "org/m1",
        "service": "X",
    }
    assert row == expected


def test_a_question_without_task_is_refused(folder: Path) -> None:
    write(folder, llmrouter.QUERIES.format(split="test"), "\n")
    with pytest.raises(BadRowError, match=r"test.json, row 1, column 'question': no row of"):
        llmrouter.convert(folder)


def test_a_line_that_was_cut_off_is_refused(folder: Path) -> None:
    file = folder / llmrouter.QUERIES.format(split="train")
    file.write_text(file.read_text()[:-20])
    with pytest.raises(BadRowError, match=r"default_query_train.jsonl, row 3.*not valid JSON"):
        llmrouter.convert(folder)
