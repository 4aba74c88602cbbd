"""What every learner got, whether or not all arms were asked: the table that is always there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gairp.runners.live.results import Answer

_COLUMNS = (
    "learner", "requests", "quality", "usd_per_1k", "ttft_p50_s", "ttft_p95_s", "latency_p50_s",
    "latency_p95_s", "tokens_per_s", "calls_per_request", "failed", "cached", "shares",
)  # fmt: skip
#: Quantiles share a column of the terminal, so that names of arms have room.
_PRINTED = {
    "learner": ("learner",),
    "requests": ("requests",),
    "quality": ("quality",),
    "USD per 1,000": ("usd_per_1k",),
    "first token p50 / p95, s": ("ttft_p50_s", "ttft_p95_s"),
    "latency p50 / p95, s": ("latency_p50_s", "latency_p95_s"),
    "tokens/s": ("tokens_per_s",),
    "calls": ("calls_per_request",),
    "failed": ("failed",),
    "cached": ("cached",),
    "shares": ("shares",),
}


def live_rows(by_learner: Mapping[str, Sequence[Answer]]) -> list[dict[str, object]]:
    """One row a learner; NaN where nothing was measured. `tokens_per_s` is of one stream."""
    return [_row(name, answers) for name, answers in sorted(by_learner.items())]


def write_csv(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """The rows as CSV."""
    import csv

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows
        )


def print_rows(rows: Sequence[Mapping[str, object]]) -> None:
    """The rows on the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 160)
    table = Table(title="served live", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(_PRINTED):
        table.add_column(name, justify="right" if i else "left", overflow="fold")
    for row in rows:
        table.add_row(*(" / ".join(_cell(row[key]) for key in keys) for keys in _PRINTED.values()))
    console.print(table)


def _row(learner: str, answers: Sequence[Answer]) -> dict[str, object]:
    good = [answer for answer in answers if answer.error is None]
    ttft, latency = _known([a.first_token_s for a in good]), _known([a.latency_s for a in answers])
    rates = [1.0 / a.inter_token_s for a in good if a.inter_token_s > 0]
    quality = _known([0.0 if a.error is not None else a.quality for a in answers])
    shares = Counter(answer.arm for answer in good)
    return {
        "learner": learner,
        "requests": len(answers),
        "quality": float(quality.mean()) if len(quality) else math.nan,
        "usd_per_1k": 1000.0 * float(np.mean([a.cost_usd for a in answers])),
        "ttft_p50_s": _quantile(ttft, 0.5),
        "ttft_p95_s": _quantile(ttft, 0.95),
        "latency_p50_s": _quantile(latency, 0.5),
        "latency_p95_s": _quantile(latency, 0.95),
        "tokens_per_s": float(np.median(rates)) if rates else math.nan,
        "calls_per_request": float(np.mean([a.calls for a in answers])),
        "failed": len(answers) - len(good),
        "cached": sum(answer.cached for answer in answers),
        "shares": " ".join(f"{arm}={n / len(good):.2f}" for arm, n in sorted(shares.items())),
    }


def _known(values: Sequence[float]) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    return array[~np.isnan(array)]


def _quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q)) if len(values) else math.nan


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "—" if math.isnan(value) else f"{value:.3g}"
    return str(value)
