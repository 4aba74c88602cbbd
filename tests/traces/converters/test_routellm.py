from __future__ import annotations

import json
from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.traces.converters import cl100k, routellm
from gairp.traces.converters.routellm import EVALS, STRONG, WEAK


def write(folder: Path, path: str, text: str) -> None:
    file = folder / EVALS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def judgement(question: int, model: str, turn: int, score: float) -> str:
    return json.dumps(
        {
            "question_id": question,
            "model": model,
            "judge": ["gpt-4", "single-v1"],
            "user_prompt": "-",
            "judgment": "-",
            "score": score,
            "turn": turn,
            "tstamp": 0.0,
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    head = f"prompt,{WEAK},{STRONG}"
    write(
        tmp_path,
        "gsm8k/gsm8k_responses.csv",
        f"{head},{WEAK}_response,{STRONG}_response\n"
        "How many legs have two cats?,False,True,Six.,Eight legs.\n",
    )
    write(
        tmp_path,
        "gsm8k/contaminated_prompts.jsonl",
        '{"eval_prompt": "How many legs have two cats?", "eval_idx": 0}\n',
    )
    write(tmp_path, "mmlu/responses/mmlu_zoology.csv", f'{head}\n"A cat is\nAnswer:",True,True\n')
    write(tmp_path, "mmlu/responses/mmlu_algebra.csv", f"{head}\n1 + 1 =,True,False\n")
    write(tmp_path, "mmlu/contaminated_prompts.jsonl", "")
    questions = [
        {"question_id": 9, "category": "writing", "turns": ["Write.", "Shorter."]},
        {"question_id": 10, "category": "coding", "turns": ["Code.", "Again."]},
    ]
    lines = "\n".join(json.dumps(question) for question in questions)
    write(tmp_path, "mt_bench/question.jsonl", lines)
    marks = [
        judgement(question, model, turn, score)
        for question, model, scores in ((9, WEAK, (1, 4)), (9, STRONG, (10, 10)))
        for turn, score in enumerate(scores, start=1)
    ]
    marks += [judgement(10, model, turn, 5.5) for model in (WEAK, STRONG) for turn in (1, 2)]
    write(tmp_path, "mt_bench/judgements.jsonl", "\n".join(marks))
    write(tmp_path, "mt_bench/contaminated_prompts.jsonl", '{"eval_prompt": "Write."}\n')
    return tmp_path


def test_three_benchmarks_in_one_table(folder: Path) -> None:
    tables = routellm.convert(folder, prices={STRONG: [10.0, 30.0]})
    outcomes = tables["outcomes"]
    rows = {(row["prompt_id"], row["model"]): row for row in outcomes.to_dict("records")}
    assert {key: row["score"] for key, row in rows.items()} == {
        ("gsm8k/0", WEAK): 0.0,
        ("gsm8k/0", STRONG): 1.0,
        ("mmlu/algebra/0", WEAK): 1.0,
        ("mmlu/algebra/0", STRONG): 0.0,
        ("mmlu/zoology/0", WEAK): 1.0,
        ("mmlu/zoology/0", STRONG): 1.0,
        ("mt_bench/10", STRONG): 0.5,
        ("mt_bench/10", WEAK): 0.5,
        ("mt_bench/9", STRONG): 1.0,
        ("mt_bench/9", WEAK): 1.5 / 9,
    }
    read, written = cl100k.counts(["How many legs have two cats?", "Eight legs."])
    strong = rows["gsm8k/0", STRONG]
    assert (strong["input_tokens"], strong["output_tokens"]) == (read, written)
    assert strong["cost_usd_est"] == pytest.approx((10 * read + 30 * written) / 1e6)
    assert outcomes["cost_usd_est"].notna().sum() == 1
    assert outcomes["output_tokens"].notna().sum() == 2
    assert rows["mt_bench/9", WEAK]["contaminated"]


def test_prompts_with_category_and_contamination(folder: Path) -> None:
    prompts = routellm.convert(folder)["prompts"]
    assert prompts["prompt_id"].tolist() == [
        "gsm8k/0",
        "mmlu/algebra/0",
        "mmlu/zoology/0",
        "mt_bench/9",
        "mt_bench/10",
    ]
    assert prompts["category"].tolist() == ["gsm8k", "algebra", "zoology", "writing", "coding"]
    assert prompts["contaminated"].tolist() == [True, False, False, True, False]
    assert prompts["prompt"].tolist()[3] == "Write.\n\n[turn 2] Shorter."
    assert prompts["input_tokens"].tolist()[3] == cl100k.count("Write.")


def test_marks_keep_their_scale(folder: Path) -> None:
    marks = routellm.convert(folder)["mt_bench_judgements"]
    assert marks["judge_score_1_10"].tolist() == [1.0, 4.0, 10.0, 10.0, 5.5, 5.5, 5.5, 5.5]
    assert set(marks["judge"]) == {"gpt-4"}


def test_a_question_without_judgement_is_refused(folder: Path) -> None:
    marks = (folder / EVALS / "mt_bench/judgements.jsonl").read_text().splitlines()
    write(folder, "mt_bench/judgements.jsonl", "\n".join(marks[2:]))
    with pytest.raises(DataError, match=r"mt_bench/9 has no judgement of .*Mixtral"):
        routellm.convert(folder)


def test_a_column_that_is_absent_is_named(folder: Path) -> None:
    write(folder, "mmlu/responses/mmlu_algebra.csv", f"prompt,{WEAK}\nx,True\n")
    with pytest.raises(DataError, match=rf"mmlu_algebra.csv lacks the columns \['{STRONG}'\]"):
        routellm.convert(folder)
