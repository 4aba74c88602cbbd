"""ServeGen: arrival rates and token lengths of each client of a production service.

data/{category}/{model}/chunk-{client}-trace.csv has no header: window start (s), requests a
second, coefficient of variation, inter-arrival law and its two parameters. The -dataset.json
beside it maps window starts to histograms, written as text: {"input_tokens": "{224: 0.01, …}"}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import DataError
from gairp.traces.converters.original import REMEDY, matching, parse_json, read_csv

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

KEYS = ["category", "model", "client"]
TRACE = ["t_s", "rate", "cv", "pattern", "p1", "p2"]
QUANTITIES = (
    "input_tokens",
    "output_tokens",
    *(f"{kind}_tokens" for kind in ("text", "image", "audio", "video")),
    *(f"{kind}_count" for kind in ("image", "audio", "video")),
    "reason_ratio",
)
QUANTILES = (10, 50, 90, 99)
CHUNK = re.compile(r"chunk-(\d+)-")


def convert(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables client_rates, client_token_stats and aggregate_rate_10min.

    Rates are requests a second in windows of ten minutes; windows without a request are left
    out. Token statistics are those of the stored histograms.
    """
    rates = _rates(folder)
    return {
        "client_rates": rates,
        "client_token_stats": _token_stats(folder),
        "aggregate_rate_10min": _aggregate(rates),
    }


def histogram(text: str, source: str) -> tuple[Floats, Floats]:
    """Values, ascending, and their probabilities."""
    try:
        pairs = [pair.split(":") for pair in text.strip("{} ").split(",")]
        table = np.array(pairs, dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{source} is no histogram ({error}): {text[:60]!r}; {REMEDY}") from error
    order = np.argsort(table[:, 0], kind="stable")
    return table[order, 0], table[order, 1] / table[:, 1].sum()


def statistics(values: Floats, weights: Floats) -> dict[str, float]:
    """Mean and quantiles; a quantile is the smallest value that reaches its probability."""
    wanted = np.array(QUANTILES) / 100
    places = np.searchsorted(np.cumsum(weights), wanted).clip(max=len(values) - 1)
    quantiles = {f"p{q}": float(value) for q, value in zip(QUANTILES, values[places], strict=True)}
    return {"mean": float(values @ weights), **quantiles}


def _clients(folder: Path, suffix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in matching(folder, f"data/*/*/chunk-*-{suffix}"):
        match = CHUNK.match(file.name)
        if match is None:
            raise DataError(f"{file} is not named chunk-<client>-{suffix}; {REMEDY}")
        category, model = file.parent.parent.name, file.parent.name
        names = {"category": category, "model": model, "client": int(match[1])}
        yield file.relative_to(folder).as_posix(), names


def _rates(folder: Path) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for path, client in _clients(folder, "trace.csv"):
        trace = read_csv(folder, path, TRACE, header=None, names=TRACE)
        parts.append(trace[trace["rate"] > 0].assign(**client)[[*KEYS, *TRACE]])
    kinds = dict.fromkeys(("rate", "cv", "p1", "p2"), "float32")
    frame = pd.concat(parts, ignore_index=True)
    return frame.astype(kinds | {"client": "int16", "t_s": "int32"})


def _token_stats(folder: Path) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for path, client in _clients(folder, "dataset.json"):
        windows = parse_json((folder / path).read_bytes(), path)
        for start, histograms in windows.items():
            measured = _measured(histograms, f"{path}, window {start}")
            if measured:
                rows.append(client | {"t_s": int(start)} | measured)
    kinds = ("mean", *(f"p{quantile}" for quantile in QUANTILES))
    measures = [f"{name}_{kind}" for name in QUANTITIES for kind in kinds]
    frame = pd.DataFrame(rows).reindex(columns=[*KEYS, "t_s", *measures])
    return frame.astype(dict.fromkeys(measures, "float32"))


def _measured(histograms: dict[str, str], source: str) -> dict[str, float]:
    """Statistics of each histogram; an empty one, of a window without requests, has none."""
    return {
        f"{name}_{statistic}": value
        for name, text in histograms.items()
        if text.strip("{} ")
        for statistic, value in statistics(*histogram(text, f"{source}, {name}")).items()
    }


def _aggregate(rates: pd.DataFrame) -> pd.DataFrame:
    grouped = rates.groupby(["category", "model", "t_s"])
    table = grouped.agg(rate_rps=("rate", "sum"), active_clients=("client", "nunique"))
    return table.reset_index()
