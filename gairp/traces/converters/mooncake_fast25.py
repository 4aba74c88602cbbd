"""Mooncake's FAST'25 traces: arrivals with the hashes of shared prompt prefixes (Qin et al. 2025).

One JSON line a request: timestamp (ms), input_length, output_length, hash_ids (one a block of
512 tokens; requests that share ids share that prefix).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gairp.traces.converters.original import field, read_jsonl

if TYPE_CHECKING:
    import pandas as pd

TRACES = ("conversation", "synthetic")
COLUMNS = {
    "timestamp": "t_ms",
    "input_length": "input_tokens",
    "output_length": "output_tokens",
    "hash_ids": "hash_ids",
}


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables conversation and synthetic."""
    return {name: _requests(folder, name) for name in TRACES}


def _requests(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    path = f"FAST25-release/traces/{name}_trace.jsonl"
    rows = [
        [field(row, column, file=path, number=number) for column in COLUMNS]
        for number, row in enumerate(read_jsonl(folder, path), start=1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS.values()))
