"""RouterArena's cached results on its 10% sample: one JSON line an evaluated answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gairp.traces.converters.original import field, matching, read_json, read_jsonl

Row = dict[str, Any]


def convert(folder: Path) -> dict[str, Any]:
    """Tables outcomes and prompts; mapping cost (list prices as the source states them)."""
    import pandas as pd

    outcomes: list[Row] = []
    prompts: dict[str, Row] = {}
    for file in matching(folder, "cached_results/*.jsonl"):
        path = file.relative_to(folder).as_posix()
        for number, record in enumerate(read_jsonl(folder, path), start=1):
            for name in ("global_index", "question", "token_usage", "evaluation_result"):
                field(record, name, file=path, number=number)
            outcome = _outcome(record, file.stem)
            outcomes.append(outcome)
            prompts.setdefault(outcome["prompt_id"], _prompt(record))
    return {
        "outcomes": pd.DataFrame(outcomes).astype({"score": "float64"}),
        "prompts": pd.DataFrame(prompts.values()),
        "cost": read_json(folder, "model_cost/cost.json"),
    }


def _head(record: Row) -> Row:
    index = record["global_index"]
    return {"prompt_id": f"routerarena/{index}", "dataset": index.rsplit("_", 1)[0]}


def _outcome(record: Row, model: str) -> Row:
    usage, result = record["token_usage"], record["evaluation_result"]
    return _head(record) | {
        "model": model,
        "score": result["score"],
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cost_usd": result["inference_cost"],
    }


def _prompt(record: Row) -> Row:
    head, result = _head(record), record["evaluation_result"]
    return head | {
        "family": head["dataset"].split("_")[0],
        "prompt": record["question"],
        "answer": str(result["ground_truth"]),
        "metric": result["metric"],
    }
