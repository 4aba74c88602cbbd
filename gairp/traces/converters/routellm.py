"""RouteLLM: stored answers of GPT-4 and Mixtral on GSM8K, MMLU and MT-Bench (Ong et al. 2024).

GSM8K and MMLU are CSV files with one truth column a model; MT-Bench is one JSON line a judgement
(1 to 10, two turns). contaminated_prompts.jsonl names the prompts that the authors drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import DataError
from gairp.traces.converters import cl100k
from gairp.traces.converters.original import REMEDY, field, matching, read_csv, read_jsonl

if TYPE_CHECKING:
    import pandas as pd

EVALS = "routellm/evals"
WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
MODELS = (WEAK, STRONG)

Row = dict[str, Any]


def convert(
    folder: Path, *, prices: Mapping[str, Sequence[float]] | None = None
) -> dict[str, pd.DataFrame]:
    """Tables outcomes, prompts and mt_bench_judgements.

    The MT-Bench score is (mean of both turns - 1) / 9. `prices`: per model the list price in USD
    per million input and output tokens; cost_usd_est exists only where output tokens do, which
    is GSM8K.
    """
    import pandas as pd

    judgements = _judgements(folder)
    graded = [*_gsm8k(folder), *_mmlu(folder)]
    judged = list(_mt_bench(folder, judgements))
    by_name = itemgetter("prompt_id", "model")
    return {
        "outcomes": _outcomes([*_rows(graded), *sorted(_rows(judged), key=by_name)], prices or {}),
        "prompts": pd.DataFrame([prompt for prompt, _ in (*graded, *judged)]),
        "mt_bench_judgements": judgements,
    }


def _rows(answered: Iterable[tuple[Row, list[Row]]]) -> Iterator[Row]:
    for prompt, answers in answered:
        shared = {name: prompt[name] for name in ("prompt_id", "dataset", "category")}
        for answer in answers:
            yield shared | answer | {"contaminated": prompt["contaminated"]}


def _contaminated(folder: Path, benchmark: str) -> frozenset[str]:
    path = f"{EVALS}/{benchmark}/contaminated_prompts.jsonl"
    rows = enumerate(read_jsonl(folder, path), start=1)
    return frozenset(field(row, "eval_prompt", file=path, number=number) for number, row in rows)


def _prompt(name: str, category: str, text: str, contaminated: bool) -> Row:
    return {
        "prompt_id": name,
        "dataset": name.split("/")[0],
        "category": category,
        "prompt": text,
        "contaminated": contaminated,
        "input_tokens": cl100k.count(text),
    }


def _gsm8k(folder: Path) -> Iterator[tuple[Row, list[Row]]]:
    dropped = _contaminated(folder, "gsm8k")
    responses = [f"{model}_response" for model in MODELS]
    path = f"{EVALS}/gsm8k/gsm8k_responses.csv"
    table = read_csv(folder, path, ["prompt", *MODELS, *responses])
    for i, row in enumerate(table.to_dict("records")):
        prompt = _prompt(f"gsm8k/{i}", "gsm8k", row["prompt"], row["prompt"] in dropped)
        yield (
            prompt,
            [
                {
                    "model": model,
                    "score": float(row[model]),
                    "input_tokens": prompt["input_tokens"],
                    "output_tokens": cl100k.count(row[f"{model}_response"]),
                }
                for model in MODELS
            ],
        )


def _mmlu(folder: Path) -> Iterator[tuple[Row, list[Row]]]:
    dropped = _contaminated(folder, "mmlu")
    for file in matching(folder, f"{EVALS}/mmlu/responses/mmlu_*.csv"):
        subject = file.stem.removeprefix("mmlu_")
        path = file.relative_to(folder).as_posix()
        table = read_csv(folder, path, ["prompt", *MODELS])
        for i, row in enumerate(table.to_dict("records")):
            text = row["prompt"]
            prompt = _prompt(f"mmlu/{subject}/{i}", subject, text, text in dropped)
            yield (
                prompt,
                [
                    {
                        "model": model,
                        "score": float(row[model]),
                        "input_tokens": prompt["input_tokens"],
                        "output_tokens": None,
                    }
                    for model in MODELS
                ],
            )


def _judgements(folder: Path) -> pd.DataFrame:
    import pandas as pd

    path = f"{EVALS}/mt_bench/judgements.jsonl"
    names = ("question_id", "model", "turn", "score", "judge")
    rows = [
        [field(row, name, file=path, number=number) for name in names]
        for number, row in enumerate(read_jsonl(folder, path), start=1)
    ]
    frame = pd.DataFrame(
        rows, columns=["prompt_id", "model", "turn", "judge_score_1_10", "judge"]
    ).astype({"judge_score_1_10": "float64"})
    frame["prompt_id"] = "mt_bench/" + frame["prompt_id"].astype(str)
    frame["judge"] = [judge[0] for judge in frame["judge"]]
    return frame


def _mt_bench(folder: Path, judgements: pd.DataFrame) -> Iterator[tuple[Row, list[Row]]]:
    dropped = _contaminated(folder, "mt_bench")
    means = judgements.groupby(["prompt_id", "model"])["judge_score_1_10"].mean().to_dict()
    path = f"{EVALS}/mt_bench/question.jsonl"
    for number, row in enumerate(read_jsonl(folder, path), start=1):
        turns = field(row, "turns", file=path, number=number)
        name = f"mt_bench/{row['question_id']}"
        missing = [model for model in MODELS if (name, model) not in means]
        if missing:
            raise DataError(f"{EVALS}/mt_bench: {name} has no judgement of {missing}; {REMEDY}")
        text = "\n\n".join([turns[0], *(f"[turn {k}] {t}" for k, t in enumerate(turns[1:], 2))])
        prompt = _prompt(name, row["category"], text, turns[0] in dropped)
        # A router sees the first turn only, so that is what it counts.
        yield (
            prompt | {"input_tokens": cl100k.count(turns[0])},
            [
                {
                    "model": model,
                    "score": (means[name, model] - 1) / 9,
                    "input_tokens": None,
                    "output_tokens": None,
                }
                for model in MODELS
            ],
        )


def _outcomes(rows: list[Row], prices: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(rows).astype({"input_tokens": "Int32", "output_tokens": "Int32"})
    unpriced = (np.nan, np.nan)
    per_token = np.array([prices.get(model, unpriced) for model in frame["model"]]) / 1e6
    tokens = frame[["input_tokens", "output_tokens"]].to_numpy(dtype=np.float64, na_value=np.nan)
    frame["cost_usd_est"] = (per_token * tokens).sum(axis=1).astype(np.float32)
    return frame
