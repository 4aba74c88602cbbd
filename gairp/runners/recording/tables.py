"""Writes the two tables of a trace, in the layout of docs/trace_schema.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: What a trace may only have for all rows of an arm, or for none.
_QUANTITIES = ("input_tokens", "output_tokens", "cost_usd", "ttft_s", "latency_s")


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
        folder / "prompts.parquet": _written(prompts, folder / "prompts.part"),
        folder / "outcomes.parquet": _written(rows, folder / "outcomes.part"),
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


def _written(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _column(row.get(name) for row in rows) for name in names}
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path


def _column(values: Iterable[Any]) -> pa.Array:
    """float64, what is unknown null; or text."""
    import pyarrow as pa

    found = list(values)
    if not any(isinstance(value, float) for value in found):
        return pa.array(found, pa.string())
    known = [None if value is None or math.isnan(value) else value for value in found]
    return pa.array(known, pa.float64())
