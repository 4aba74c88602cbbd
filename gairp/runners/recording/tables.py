"""Writes the two tables of a trace, in the layout of docs/trace_schema.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: What a trace may only have for all rows of an arm, or for none.
_QUANTITIES = ("input_tokens", "output_tokens", "cost_usd", "ttft_s", "latency_s")


def _took(prefix: str) -> dict[str, str]:
    tokens = {f"{prefix}{kind}_tokens": "int32" for kind in ("input", "output", "cached")}
    return tokens | {f"{prefix}compute_s": "float64", f"{prefix}cost_usd": "float64"}


#: Columns of outcomes.parquet and their types, in order; those that no row has are left out, and
#: further signals follow as float64. Seconds, USD and tokens throughout.
OUTCOMES: Mapping[str, str] = {
    "prompt_id": "string", "dataset": "label", "category": "label", "model": "label",
    "score": "float", "input_tokens": "int32", "output_tokens": "int32", "cached_tokens": "int32",
    "cost_usd": "float64", "ttft_s": "float64", "latency_s": "float64", "compute_s": "float64",
    "finish_reason": "label", "response": "string", "final": "string", "extracted": "string",
    "logprob_mean": "float64", "logprob_min": "float64", "agreement": "float64",
    "agreement_k": "int32", "agreement_answers": "strings", **_took("agreement_"),
    "verify_p_yes": "float64", "verify_vote": "float64", **_took("verify_"),
    "load_average": "float64", "recorded_at_s": "float64", "asked_at": "float64",
    "queue_s": "float64", "answered_by": "label", "grade_status": "label", "score_mean": "float64",
    "request_digest": "string",
}  # fmt: skip
#: The same of prompts.parquet.
PROMPTS: Mapping[str, str] = {
    "prompt_id": "string", "dataset": "label", "category": "label", "difficulty": "int32",
    "prompt": "string", "answer": "string", "grader": "string", "messages": "string",
    "params": "string", "fields": "string",
}  # fmt: skip


def write_tables(
    outcomes: Sequence[Mapping[str, Any]], prompts: Sequence[Mapping[str, Any]], folder: Path
) -> list[str]:
    """Write outcomes.parquet and prompts.parquet; notes on what had to be left out.

    Each file is whole or the former one; the prompts come first, so that whoever reads between the
    two finds a prompt for each outcome of the former recording that goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [dict(row) for row in outcomes]
    notes = _without_gaps(rows)
    parts = {
        folder / "prompts.parquet": _written(prompts, PROMPTS, folder / "prompts.part"),
        folder / "outcomes.parquet": _written(rows, OUTCOMES, folder / "outcomes.part"),
    }
    for path, part in parts.items():
        part.replace(path)
    return notes


def _without_gaps(rows: list[dict[str, Any]]) -> list[str]:
    """Blank a quantity that some rows of an arm lack: a reader takes a gap for damage."""
    notes = []
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_arm.setdefault(row["model"], []).append(row)
    for arm, mine in sorted(by_arm.items()):
        for name in _QUANTITIES:
            gaps = sum(math.isnan(row[name]) for row in mine)
            if 0 < gaps < len(mine):
                notes.append(
                    f"{name} of arm {arm!r} was not measured in {gaps} of {len(mine)} answers: "
                    "left out for this arm"
                )
                for row in mine:
                    row[name] = math.nan
    return notes


def _written(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    further = dict.fromkeys((name for row in rows for name in row if name not in kinds), "float64")
    columns = {}
    for name, kind in {**kinds, **further}.items():
        values = [_known(row.get(name)) for row in rows]
        if name in _QUANTITIES or any(value is not None for value in values):
            columns[name] = _column(values, kind)
    pq.write_table(pa.table(columns), path, compression="zstd", compression_level=15)
    return path


def _known(value: Any) -> Any:
    """None for what nobody measured."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _column(values: Sequence[Any], kind: str) -> pa.Array:
    import pyarrow as pa

    if kind == "label":
        few = len(set(values)) < 2**7
        return pa.array(values, pa.dictionary(pa.int8() if few else pa.int32(), pa.string()))
    if kind == "strings":
        return pa.array(values, pa.list_(pa.string()))
    if kind == "float":
        return _shortest(values)
    if kind == "int32":
        values = [value if value is None else int(value) for value in values]
    return pa.array(values, pa.type_for_alias(kind))


def _shortest(values: Sequence[Any]) -> pa.Array:
    """float32 where that keeps every value, float64 otherwise."""
    import pyarrow as pa

    wide = pa.array(values, pa.float64())
    short = wide.cast(pa.float32())
    return short if short.cast(pa.float64()).equals(wide) else wide
