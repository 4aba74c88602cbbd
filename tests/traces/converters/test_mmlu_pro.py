from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import BadRowError, DataError
from gairp.traces.converters import cl100k, mmlu_pro


def question(number: int, **changes: Any) -> dict[str, Any]:
    """One answered question as the source stores it."""
    return {
        "question_id": number,
        "question": f" Which number follows {number}? ",
        "options": [str(number + 1), "none"],
        "answer": "A",
        "answer_index": 0,
        "cot_content": "",
        "category": "math",
        "src": "own",
        "pred": "A",
        "generated_text": "It is (A).",
    } | changes


def store(folder: Path, model: str, rows: list[Any]) -> Path:
    file = folder / "eval_results" / f"model_outputs_{model}_5shots.zip"
    file.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"model_outputs_{model}_5shots.json", json.dumps(rows))
        archive.writestr("__MACOSX/._model_outputs.json", "junk")
    return file


def test_scores_tokens_and_costs_of_two_models(tmp_path: Path) -> None:
    store(tmp_path, "Alpha-3_1-8B", [question(7), question(10, pred="B")])
    hosted = question(7, pred=None, model_outputs="No idea at all.")
    del hosted["generated_text"]
    store(tmp_path, "beta-1.5", [hosted, "total"])
    tables = mmlu_pro.convert(tmp_path, prices={"beta-1.5": [1.0, 10.0]})

    outcomes = tables["outcomes"]
    assert outcomes["prompt_id"].tolist() == ["mmlu_pro/10", "mmlu_pro/7", "mmlu_pro/7"]
    assert outcomes["model"].tolist() == ["Alpha-3.1-8B", "Alpha-3.1-8B", "beta-1.5"]
    assert outcomes["score"].tolist() == [0, 1, 0]
    assert outcomes["pred"].tolist() == ["B", "A", ""]
    assert outcomes["output_chars"].tolist() == [10, 10, 15]
    read, written = cl100k.counts(
        ["Which number follows 7?\nOptions:\nA. 8\nB. none", "No idea at all."]
    )
    assert outcomes["input_tokens"].tolist()[1:] == [read, read]
    assert outcomes["output_tokens"].tolist()[2] == written
    assert outcomes["cost_usd_est"].tolist()[2] == pytest.approx((read + 10 * written) / 1e6)
    assert all(math.isnan(cost) for cost in outcomes["cost_usd_est"][:2])

    prompts = tables["prompts"]
    assert prompts.to_dict("records")[0] == {
        "prompt_id": "mmlu_pro/7",
        "dataset": "mmlu_pro",
        "category": "math",
        "src": "own",
        "prompt": "Which number follows 7?\nOptions:\nA. 8\nB. none",
        "answer": "A",
        "n_options": 2,
        "input_tokens": read,
        "label_revised": False,
        "n_models": 2,
    }
    assert prompts["n_models"].tolist() == [2, 1]


def test_a_revised_label_is_marked_and_each_answer_scored_by_its_own(tmp_path: Path) -> None:
    store(tmp_path, "a", [question(1, answer="B", pred="B")])
    store(tmp_path, "b", [question(1, pred="A")])
    store(tmp_path, "c", [question(1, pred="B")])
    tables = mmlu_pro.convert(tmp_path)
    assert tables["outcomes"]["score"].tolist() == [1, 1, 0]
    assert tables["prompts"]["answer"].tolist() == ["A"]
    assert tables["prompts"]["label_revised"].tolist() == [True]


def test_a_field_that_is_absent_is_named_with_its_place(tmp_path: Path) -> None:
    broken = question(2)
    del broken["pred"]
    store(tmp_path, "a", [question(1), broken])
    with pytest.raises(BadRowError, match=r"model_outputs_a_5shots.zip, row 2, column 'pred'"):
        mmlu_pro.convert(tmp_path)


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    file = store(tmp_path, "a", [question(1)])
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DataError, match="is not a whole zip file"):
        mmlu_pro.convert(tmp_path)


def test_no_file_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no original file matches"):
        mmlu_pro.convert(tmp_path)
