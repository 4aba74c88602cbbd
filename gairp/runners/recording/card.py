"""card.md: what a recorded trace holds, in figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gairp.report.grid import Grid
from gairp.report.markdown import table
from gairp.runners.recording.worth import worth
from gairp.types import Arm

if TYPE_CHECKING:
    import pandas as pd

_COST_WEIGHT = 0.0
_HEAD = (
    "arm", "answers", "mean score", "USD per 1,000", "TTFT p50, s", "latency p50, s",
    "latency p95, s", "tokens in", "tokens out", "answered by",
)  # fmt: skip


def card(
    outcomes: pd.DataFrame,
    *,
    name: str,
    arms: Mapping[str, Arm],
    facts: Mapping[str, str],
    notes: Sequence[str],
) -> str:
    """The card as Markdown. outcomes: the table as it was written."""
    prompts = outcomes["prompt_id"].nunique()
    when = [datetime.fromtimestamp(at, UTC) for at in outcomes["asked_at"].agg(["min", "max"])]
    parts = [
        f"# {name}",
        f"{prompts:,} prompts, {outcomes['model'].nunique()} arms, {len(outcomes):,} answers; "
        f"asked from {when[0]:%Y-%m-%d %H:%M} to {when[1]:%Y-%m-%d %H:%M} UTC. Every row is an "
        "answer that was really given; nothing is imputed. Means are over the rows of an arm.",
        table(_arms(outcomes)),
        table(_categories(outcomes)),
        table(_worth(outcomes)),
        table(Grid(("arm", "backend", "model asked", "recipe"), _asked(arms))),
        "\n".join(f"- {key}: {value}" for key, value in sorted(facts.items())),
    ]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts) + "\n"


def _arms(outcomes: pd.DataFrame) -> Grid:
    lines = []
    for arm, rows in outcomes.groupby("model"):
        p50, p95 = rows["latency_s"].quantile([0.5, 0.95])
        cells = [
            f"{len(rows):,}",
            _number(rows["score"].mean(), 3),
            _number(1000 * rows["cost_usd"].mean(), 5),
            _number(rows["ttft_s"].median(), 2),
            _number(p50, 2),
            _number(p95, 2),
            _number(rows["input_tokens"].mean(), 0),
            _number(rows["output_tokens"].mean(), 1),
            ", ".join(sorted(rows["answered_by"].unique())),
        ]
        lines.append((str(arm), *cells))
    return Grid(_HEAD, tuple(lines))


def _categories(outcomes: pd.DataFrame) -> Grid:
    score = outcomes.pivot_table(index="category", columns="model", values="score")
    count = outcomes.groupby("category")["prompt_id"].nunique()
    lines = tuple(
        (str(name) or "—", str(count[name]), *(_number(value, 2) for value in row))
        for name, row in zip(score.index, score.to_numpy(), strict=True)
    )
    return Grid(("category", "prompts", *map(str, score.columns)), lines)


def _worth(outcomes: pd.DataFrame) -> Grid:
    """The gap that a router could close; only where every arm answered and has a cost."""
    arms = outcomes["model"].nunique()
    answered = outcomes.groupby("prompt_id")["model"].transform("count")
    whole = outcomes[answered == arms]
    best = whole.groupby("model")["score"].mean()
    lines = [("prompts that every arm answered", f"{whole['prompt_id'].nunique():,}")]
    if len(whole):
        oracle = whole.groupby("prompt_id")["score"].max().mean()
        lines += [
            ("best single arm, mean score", f"{best.max():.3f} ({best.idxmax()})"),
            ("per-prompt oracle, mean score", f"{oracle:.3f}"),
        ]
    if len(whole) and whole["cost_usd"].notna().all():
        found = worth(whole, cost_weight=_COST_WEIGHT)
        lines.append(
            ("gap from the best fixed mix at equal cost to the oracle", f"{found.quality_gap:.3f}")
        )
    return Grid(("quantity", "value"), tuple(lines))


def _asked(arms: Mapping[str, Arm]) -> tuple[tuple[str, ...], ...]:
    return tuple((n, a.backend, a.model, f"`{dict(a.recipe)}`") for n, a in sorted(arms.items()))


def _number(value: float, digits: int) -> str:
    return "—" if math.isnan(value) else f"{value:.{digits}f}"
