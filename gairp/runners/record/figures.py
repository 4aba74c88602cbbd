"""The figures of a data card, computed from the recorded table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.metrics.hull import frontier_quality
from gairp.metrics.selection import best_fixed, oracle_choice, take

if TYPE_CHECKING:
    import pandas as pd

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def figures(folder: Path, *, cost_weight: float) -> str:
    """Markdown tables of outcomes.parquet: arms, families, worth of routing, load.

    Only prompts that every arm answered count.
    `cost_weight` is the utility lost per USD per 1,000 requests.
    """
    import pandas as pd

    table = pd.read_parquet(folder / "outcomes.parquet")
    table = table.astype({"category": str, "model": str})
    answered = table.groupby("prompt_id")["model"].transform("count")
    table = table[answered == table["model"].nunique()]
    parts = [_arms(table), _families(table, cost_weight), _worth(table, cost_weight), _load(table)]
    return "\n\n".join(parts)


def _arms(table: pd.DataFrame) -> str:
    lines = []
    for arm, rows in table.groupby("model"):
        per_1k = [1000 * rows[c].mean() for c in _COSTS]
        p50, p95 = rows["latency_s"].quantile([0.5, 0.95])
        cells = [
            f"{rows['score'].mean():.3f}",
            *(f"{cost:.5f}" for cost in per_1k),
            f"{rows['compute_s'].mean():.2f}",
            f"{rows['ttft_s'].median():.2f}",
            f"{p50:.2f}",
            f"{p95:.2f}",
            f"{rows['input_tokens'].mean():.0f}",
            f"{rows['output_tokens'].mean():.1f}",
        ]
        lines.append([f"`{arm}`", *cells])
    return _markdown(_ARM_HEAD, lines)


_COSTS = ("cost_usd", "agreement_cost_usd", "verify_cost_usd")
_ARM_HEAD = (
    "arm", "mean score", "USD per 1,000", "agreement, USD per 1,000", "verification, USD per 1,000",
    "compute, s", "TTFT p50, s", "latency p50, s", "latency p95, s", "tokens in", "tokens out",
)  # fmt: skip


def _families(table: pd.DataFrame, cost_weight: float) -> str:
    score = table.pivot_table(index="category", columns="model", values="score")
    best = _utility(table, cost_weight).groupby(level="category").mean()
    lines = [
        [str(family), *(f"{value:.2f}" for value in row), f"`{best.loc[family].idxmax()}`"]
        for family, row in zip(score.index, score.to_numpy(), strict=True)
    ]
    arms = [f"`{arm}`" for arm in score.columns]
    return _markdown(("family", *arms, f"best at {cost_weight:g}"), lines)


def _utility(table: pd.DataFrame, cost_weight: float) -> pd.DataFrame:
    value = table.assign(u=table["score"] - cost_weight * 1000 * table["cost_usd"])
    return value.pivot_table(index=["category", "prompt_id"], columns="model", values="u")


def _worth(table: pd.DataFrame, cost_weight: float) -> str:
    utility = _utility(table, cost_weight)
    wide = {
        name: table.pivot_table(index=["category", "prompt_id"], columns="model", values=name)
        .loc[utility.index]
        .to_numpy(dtype=np.float64)
        for name in ("score", "cost_usd")
    }
    value = utility.to_numpy(dtype=np.float64)
    choice = oracle_choice(value, wide["cost_usd"])
    cost = float(take(wide["cost_usd"], choice).mean())
    quality = float(take(wide["score"], choice).mean())
    mix = float(frontier_quality(wide["cost_usd"].mean(axis=0), wide["score"].mean(axis=0), cost))
    wins = utility.groupby(level="category").mean().idxmax(axis=1).value_counts()
    fixed = best_fixed(value, wide["cost_usd"])
    lines = [
        ["prompts answered by every arm", f"{len(utility)}"],
        ["trade-off, utility per USD per 1,000", f"{cost_weight:g}"],
        ["per-prompt oracle, mean score", f"{quality:.3f}"],
        ["per-prompt oracle, USD per 1,000", f"{1000 * cost:.5f}"],
        ["best fixed mix at the oracle's cost, mean score", f"{mix:.3f}"],
        ["gap from mix to oracle, quality", f"{quality - mix:.3f}"],
        ["best fixed arm", f"`{utility.columns[fixed]}`"],
        [
            "gap from best fixed arm to oracle, utility",
            f"{take(value, choice).mean() - value[:, fixed].mean():.3f}",
        ],
        ["largest share of families with one best arm", f"{wins.iloc[0] / wins.sum():.0%}"],
    ]
    return _markdown(("quantity", "value"), lines)


def _load(table: pd.DataFrame) -> str:
    quantiles = table["load_average"].quantile(list(_QUANTILES))
    head = ["quantile", *(f"{100 * q:.0f}%" for q in _QUANTILES)]
    return _markdown(head, [["1-minute load average", *(f"{q:.2f}" for q in quantiles)]])


def _markdown(head: tuple[str, ...] | list[str], lines: list[list[str]]) -> str:
    rule = "|".join(["---"] * len(head))
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"| {' | '.join(head)} |\n|{rule}|\n{body}"
