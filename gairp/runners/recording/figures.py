"""The figures of a data card, computed from the recorded table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gairp.runners.recording.worth import Worth, worth

if TYPE_CHECKING:
    import pandas as pd

#: Trade-offs at which the worth of routing is shown beside the card's own.
_WEIGHTS = (0.0, 2.0, 5.0, 8.0, 10.0, 20.0)
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
    found = worth(table, cost_weight=cost_weight)
    others = [worth(table, cost_weight=weight) for weight in _WEIGHTS]
    parts = [
        _arms(table), _families(table, found), _worth(found), _sensitivity(others), _load(table),
    ]  # fmt: skip
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


def _families(table: pd.DataFrame, best: Worth) -> str:
    score = table.pivot_table(index="category", columns="model", values="score")
    lines = [
        [str(family), *(f"{value:.2f}" for value in row), f"`{best.best_by_family[str(family)]}`"]
        for family, row in zip(score.index, score.to_numpy(), strict=True)
    ]
    arms = [f"`{arm}`" for arm in score.columns]
    return _markdown(("family", *arms, f"best at {best.cost_weight:g}"), lines)


def _worth(found: Worth) -> str:
    lines = [
        ["prompts answered by every arm", f"{found.prompts}"],
        ["trade-off, utility per USD per 1,000", f"{found.cost_weight:g}"],
        ["per-prompt oracle, mean score", f"{found.oracle_quality:.3f}"],
        ["per-prompt oracle, USD per 1,000", f"{1000 * found.oracle_cost_usd:.5f}"],
        ["best fixed mix at the oracle's cost, mean score", f"{found.mix_quality:.3f}"],
        ["gap from mix to oracle, quality", f"{found.quality_gap:.3f}"],
        ["best fixed arm", f"`{found.best_arm}`"],
        ["gap from best fixed arm to oracle, utility", f"{found.utility_gap:.3f}"],
        ["largest share of families with one best arm", f"{found.largest_share:.0%}"],
    ]
    return _markdown(("quantity", "value"), lines)


def _sensitivity(found: list[Worth]) -> str:
    head = ["utility per USD per 1,000", *(f"{one.cost_weight:g}" for one in found)]
    lines = [
        ["gap from mix to oracle, quality", *(f"{one.quality_gap:.3f}" for one in found)],
        [
            "largest share of families with one best arm",
            *(f"{one.largest_share:.0%}" for one in found),
        ],
    ]
    return _markdown(head, lines)


def _load(table: pd.DataFrame) -> str:
    quantiles = table["load_average"].quantile(list(_QUANTILES))
    head = ["quantile", *(f"{100 * q:.0f}%" for q in _QUANTILES)]
    return _markdown(head, [["1-minute load average", *(f"{q:.2f}" for q in quantiles)]])


def _markdown(head: tuple[str, ...] | list[str], lines: list[list[str]]) -> str:
    rule = "|".join(["---"] * len(head))
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"| {' | '.join(head)} |\n|{rule}|\n{body}"
