"""Azure LLM inference trace 2023: arrival stamps and token counts (Patel et al. 2024).

Two CSV files with TIMESTAMP, ContextTokens and GeneratedTokens, one row a request.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import DataError
from gairp.traces.converters.original import REMEDY, read_csv

if TYPE_CHECKING:
    import pandas as pd

FILES = {
    "code": "data/AzureLLMInferenceTrace_code.csv",
    "conv": "data/AzureLLMInferenceTrace_conv.csv",
}
COLUMNS = {"ContextTokens": "input_tokens", "GeneratedTokens": "output_tokens"}


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables code and conv: t_s (seconds since the first request), token counts; by time."""
    return {name: _arrivals(folder, path) for name, path in FILES.items()}


def _arrivals(folder: Path, path: str) -> pd.DataFrame:
    import pandas as pd

    table = read_csv(folder, path, ["TIMESTAMP", *COLUMNS])
    try:
        stamps = pd.to_datetime(table["TIMESTAMP"], format="ISO8601")
    except ValueError as error:
        raise DataError(f"{folder / path}, column 'TIMESTAMP': {error}; {REMEDY}") from error
    frame = table.rename(columns=COLUMNS)[list(COLUMNS.values())]
    # Microseconds are all that arrival processes need; the stamps carry 100 ns ticks.
    frame.insert(0, "t_s", (stamps - stamps.min()).dt.total_seconds().round(6))
    return frame.sort_values("t_s", kind="stable", ignore_index=True)
