"""LLMRouter: scores of nine models on fourteen tasks, joined to the tasks by the query's text.

dcrouter_preprocessed/{train,test}.json hold {question, scores: {model: score}} and, in train, a
cluster_id; query_data/default_query_{train,test}.jsonl hold {query, task_name, metric, …};
llm_candidates/default_llm.json holds each model's prices.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import BadRowError
from gairp.traces.converters import cl100k
from gairp.traces.converters.original import REMEDY, field, read_json, read_jsonl

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "test")
SCORES = "data/dcrouter_preprocessed/{split}.json"
QUERIES = "data/example_data/query_data/default_query_{split}.jsonl"
CANDIDATES = "data/example_data/llm_candidates/default_llm.json"

Row = dict[str, Any]


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables outcomes, prompts and model_prices (USD per million tokens)."""
    import pandas as pd

    prompts: list[Row] = []
    outcomes: list[Row] = []
    for split in SPLITS:
        tasks = _tasks(folder, split)
        source = SCORES.format(split=split)
        for number, record in enumerate(read_json(folder, source), start=1):
            prompt = _prompt(record, tasks, split=split, file=source, number=number)
            prompts.append(prompt)
            shared = {name: prompt[name] for name in ("prompt_id", "dataset")}
            outcomes.extend(
                shared
                | {
                    "model": model,
                    "score": float(score),
                    "split": split,
                    "input_tokens": prompt["input_tokens"],
                }
                for model, score in field(record, "scores", file=source, number=number).items()
            )
    table = pd.DataFrame(prompts)
    table["duplicate_prompt"] = table.duplicated("prompt", keep=False)
    return {
        "outcomes": pd.DataFrame(outcomes),
        "prompts": table,
        "model_prices": _prices(folder),
    }


def _tasks(folder: Path, split: str) -> dict[str, Row]:
    """Per query its task; a query that two tasks share belongs to the first."""
    tasks: dict[str, Row] = {}
    source = QUERIES.format(split=split)
    for number, row in enumerate(read_jsonl(folder, source), start=1):
        tasks.setdefault(field(row, "query", file=source, number=number), row)
    return tasks


def _prompt(record: Row, tasks: dict[str, Row], *, split: str, file: str, number: int) -> Row:
    text = field(record, "question", file=file, number=number)
    task = tasks.get(text)
    if task is None:
        raise BadRowError(
            file=file,
            row=number,
            column="question",
            value=text[:80],
            problem=f"no row of {QUERIES.format(split=split)} has this query",
            remedy=REMEDY,
        )
    return {
        "prompt_id": f"llmrouter/{split}/{number - 1}",
        "dataset": task["task_name"],
        "metric": task["metric"],
        "split": split,
        "prompt": text,
        "cluster_id": record.get("cluster_id"),
        "input_tokens": cl100k.count(text),
    }


def _prices(folder: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "model": model,
            "size": card["size"],
            "input_usd_per_mtok": float(card["input_price"]),
            "output_usd_per_mtok": float(card["output_price"]),
            "service_model": card["model"],
            "service": card["service"],
        }
        for model, card in read_json(folder, CANDIDATES).items()
    )
