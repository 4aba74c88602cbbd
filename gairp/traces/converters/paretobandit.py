"""ParetoBandit: judged rewards and logged costs of three or four models, and published results.

rewards/{val,test}.jsonl hold {prompt, source, arms: {model: {reward, cost}}}; the _k4 files add a
fourth model for most prompts, matched here by the prompt's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.traces.converters.original import field, read_json, read_jsonl

if TYPE_CHECKING:
    import pandas as pd

DATASET = "paretobandit"
SPLITS = ("val", "test")
REWARDS = "data_collection/rewards/{split}.jsonl"
REWARDS_K4 = "data_collection/rewards/{split}_k4.jsonl"
PACING = "experiments/01_stationary_budget_pacing/results/budget_pacing_results.json"
DEGRADATION = "experiments/03_catastrophic_failure/results/catastrophic_failure_results.json"
LATENCY = "experiments/appendix/latency_benchmark/results/inference_latency_results.json"

Row = dict[str, Any]


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables outcomes, prompts, latency and the two published result tables."""
    import pandas as pd

    records = [(split, i, row) for split in SPLITS for i, row in enumerate(_rows(folder, split))]
    return {
        "outcomes": pd.DataFrame(
            _head(split, i)
            | {"split": split, "model": model, "score": arm["reward"], "cost_usd": arm["cost"]}
            for split, i, row in records
            for model, arm in row["arms"].items()
        ).astype({"score": "float64", "cost_usd": "float64"}),
        "prompts": pd.DataFrame(
            _head(split, i) | {"category": row["source"], "split": split, "prompt": row["prompt"]}
            for split, i, row in records
        ),
        "latency": pd.DataFrame(_latency(read_json(folder, LATENCY))),
        "published_budget_pacing": pd.DataFrame(_pacing(read_json(folder, PACING))),
        "published_quality_degradation": pd.DataFrame(_degradation(read_json(folder, DEGRADATION))),
    }


def _head(split: str, i: int) -> Row:
    return {"prompt_id": f"{DATASET}/{split}/{i}", "dataset": DATASET}


def _rows(folder: Path, split: str) -> Iterator[Row]:
    file, file_k4 = REWARDS.format(split=split), REWARDS_K4.format(split=split)
    fuller = {row["prompt"]: row["arms"] for row in read_jsonl(folder, file_k4)}
    for number, row in enumerate(read_jsonl(folder, file), start=1):
        for name in ("prompt", "source", "arms"):
            field(row, name, file=file, number=number)
        # The three-model file is the published one: it wins where both name a model.
        yield row | {"arms": fuller.get(row["prompt"], {}) | row["arms"]}


def _latency(results: Row) -> Iterator[Row]:
    for model, lengths in results["results"].items():
        for length, measured in lengths.items():
            trials = zip(measured["ttft_ms"]["raw"], measured["total_ms"]["raw"], strict=True)
            for trial, (first, total) in enumerate(trials):
                yield {
                    "model": model,
                    "prompt_length": length,
                    "trial": trial,
                    "ttft_s": first / 1000,
                    "total_s": total / 1000,
                }


def _pacing(results: Row) -> Iterator[Row]:
    names = ("method", "model_id", "target_spend", "mean_reward", "se_reward", "mean_cost")
    for row in results["results"]:
        yield {
            name: row.get(name)
            for name in (*names, "se_cost", "budget_utilization", "final_lambda")
        }


def _degradation(results: Row) -> Iterator[Row]:
    names = dict(zip(results["arm_order"], ("llama", "mistral", "gemini"), strict=True))
    for condition, result in results["conditions"].items():
        for phase in ("phase1", "phase2", "phase3"):
            summary = result[f"{phase}_summary"]
            shares = summary["arm_fractions"]
            yield {
                "condition": condition,
                "phase": phase,
                "mean_reward": round(summary["mean_reward"], 5),
                "mean_cost": round(summary["mean_cost"], 7),
            } | {
                f"share_{short}": round(shares[results["arm_short"][arm]], 4)
                for arm, short in names.items()
            }
