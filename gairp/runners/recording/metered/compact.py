"""From the journal to the two tables of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import DataError
from gairp.records.row_journal import read_rows
from gairp.rewards.graders import get_grader
from gairp.traces.tasks import Task

if TYPE_CHECKING:
    import pyarrow as pa

#: Column of outcomes.parquet and its type, in order. Seconds, US dollars and tokens throughout.
OUTCOMES = {
    "prompt_id": "string",
    "dataset": "label",
    "category": "label",
    "model": "label",
    "score": "float32",
    "input_tokens": "int32",
    "output_tokens": "int32",
    "cached_tokens": "int32",
    "cost_usd": "float64",
    "ttft_s": "float64",
    "latency_s": "float64",
    "compute_s": "float64",
    "finish_reason": "label",
    "response": "string",
    "final": "string",
    "extracted": "string",
    "logprob_mean": "float64",
    "logprob_min": "float64",
    "agreement": "float64",
    "agreement_k": "int32",
    "agreement_answers": "strings",
    "agreement_input_tokens": "int32",
    "agreement_output_tokens": "int32",
    "agreement_cached_tokens": "int32",
    "agreement_compute_s": "float64",
    "agreement_cost_usd": "float64",
    "verify_p_yes": "float64",
    "verify_vote": "float64",
    "verify_input_tokens": "int32",
    "verify_output_tokens": "int32",
    "verify_cached_tokens": "int32",
    "verify_compute_s": "float64",
    "verify_cost_usd": "float64",
    "load_average": "float64",
    "recorded_at_s": "float64",
}

PROMPTS = ("prompt_id", "dataset", "category", "difficulty", "prompt", "answer", "grader")


def compact(
    journal: Path, tasks: Sequence[Task], out: Path, *, dataset: str, arms: Sequence[str] = ()
) -> int:
    """Write `out`/outcomes.parquet and `out`/prompts.parquet, both sorted, whole or not at all.

    Scores are computed again from the final answers, so that they are those of today's graders.
    A prompt that lacks one of `arms` (by default, of those in the journal) is left out of both.
    Returns the number of prompts. Raises DataError where no prompt is complete.
    """
    by_id = {task.id: task for task in tasks}
    kept, _ = read_rows(journal)
    wanted = list(arms) or sorted({arm for _, arm in kept})
    asked = [name for name in sorted(by_id) if all((name, arm) in kept for arm in wanted)]
    rows = [kept[name, arm] for name in asked for arm in sorted(wanted)]
    if not rows:
        raise DataError(f"{journal} holds no task that every arm answered; record some first")
    outcomes = [_outcome(row, by_id[row["prompt_id"]], dataset) for row in rows]
    prompts = [_prompt(by_id[name], dataset) for name in asked]
    out.mkdir(parents=True, exist_ok=True)
    _write(outcomes, OUTCOMES, out / "outcomes.parquet")
    kinds = dict.fromkeys(PROMPTS, "string") | {"dataset": "label", "category": "label"}
    _write(prompts, kinds | {"difficulty": "int32"}, out / "prompts.parquet")
    return len(asked)


def _outcome(row: Mapping[str, Any], task: Task, dataset: str) -> dict[str, Any]:
    score = get_grader(task.grader).score(row["final"], task.answer)
    return {**row, "dataset": dataset, "score": score}


def _prompt(task: Task, dataset: str) -> dict[str, Any]:
    return {
        "prompt_id": task.id,
        "dataset": dataset,
        "category": task.family,
        "difficulty": task.difficulty,
        "prompt": task.prompt,
        "answer": task.answer,
        "grader": task.grader,
    }


def _write(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: [row[name] for row in rows] for name in kinds}
    schema = pa.schema([(name, _type(kind)) for name, kind in kinds.items()])
    table = pa.table(columns, schema=schema)
    part = path.with_suffix(".part")
    pq.write_table(table, part, compression="zstd", compression_level=15)
    part.replace(path)


def _type(kind: str) -> pa.DataType:
    import pyarrow as pa

    if kind == "label":
        return pa.dictionary(pa.int8(), pa.string())
    if kind == "strings":
        return pa.list_(pa.string())
    return pa.type_for_alias(kind)
