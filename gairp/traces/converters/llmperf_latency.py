"""LLMPerf leaderboard: latency of single requests at hosted providers.

raw_data/individual/{provider}_{size}.json hold one list of requests each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.traces.converters.original import field, matching, parse_json

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "error_code": "error_code",
    "ttft_s": "ttft_s",
    "inter_token_latency_s": "inter_token_latency_s",
    "end_to_end_latency_s": "e2e_s",
    "request_output_throughput_token_per_s": "out_tok_per_s",
    "number_input_tokens": "input_tokens",
    "number_output_tokens": "output_tokens",
}


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Table requests; a row with an error_code has no usable times."""
    import pandas as pd

    files = matching(folder, "raw_data/individual/*_*.json")
    rows = [row for file in files for row in _requests(file)]
    return {"requests": pd.DataFrame(rows).astype({"error_code": "float64"})}


def _requests(file: Path) -> Iterator[dict[str, Any]]:
    provider, size = file.stem.rsplit("_", 1)
    records = parse_json(file.read_bytes(), str(file))
    for i, record in enumerate(records):
        yield {"provider": provider, "model": f"llama-2-{size}-chat", "i": i} | {
            name: field(record, source, file=str(file), number=i + 1)
            for source, name in COLUMNS.items()
        }
