"""The whole report, as files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gairp.report.cell import p_value, plain, signed, significant
from gairp.report.grid import Grid
from gairp.report.markdown import table as markdown_table
from gairp.report.world.figure import draw_stream
from gairp.report.world.measure import Measure
from gairp.report.world.study import WorldStudy
from gairp.report.world.tables import change_table, policy_table, segment_table


@dataclass(frozen=True, slots=True)
class WorldReport:
    """The tables, the text, and what was concluded."""

    policies: pd.DataFrame
    segments: pd.DataFrame
    changes: pd.DataFrame
    grid: Grid  #: of the policies, for people
    verdict: str
    text: str


def write_world_report(
    study: WorldStudy, folder: Path, *, draws: int = 1000, seed: int = 0
) -> WorldReport:
    """Write policies.csv, segments.csv, changes.csv, report.md and figures/stream.png, .svg.

    No file holds a measured time, a run id or a date: the same study gives the same bytes.
    """
    measure = Measure(study, draws=draws, seed=seed)
    policies, segments = policy_table(study, measure), segment_table(study, measure)
    changes = change_table(study)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, frame in (("policies", policies), ("segments", segments), ("changes", changes)):
        frame.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", na_rep="—")
    draw_stream(study, folder / "figures" / "stream")
    verdict = verdict_of(study, policies)
    grid = _grid(policies, _SHOWN)
    text = _text(study, policies, segments, changes, verdict)
    (folder / "report.md").write_text(text, encoding="utf-8", newline="")
    return WorldReport(policies, segments, changes, grid, verdict, text)


def verdict_of(study: WorldStudy, policies: pd.DataFrame) -> str:
    """The primary policy against each other one, corrected for their number."""
    rows = policies[policies["policy"] != study.primary]
    seeds = int(policies["seeds"].min())
    if not len(rows):
        return f"{study.primary}: no other policy to compare with"
    if seeds < 10:
        return f"{study.primary}: no verdict on {seeds} seed(s); ten are needed"
    better = rows[(rows["gain_p"] <= 0.05) & (rows["primary_gain"] > 0)]["policy"].tolist()
    worse = rows[(rows["gain_p"] <= 0.05) & (rows["primary_gain"] < 0)]["policy"].tolist()
    parts = [f"significantly more utility than {', '.join(better)}"] if better else []
    parts += [f"significantly less than {', '.join(worse)}"] if worse else []
    said = "; ".join(parts) or "no significant gain over any other policy"
    return f"{study.primary}: {said} (Holm, 5%)"


def _text(
    study: WorldStudy,
    policies: pd.DataFrame,
    segments: pd.DataFrame,
    changes: pd.DataFrame,
    verdict: str,
) -> str:
    parts = [
        f"# {study.name}",
        f"**{verdict}**",
        "## Policies",
        _table(policies, _SHOWN),
        "Means a request with 95% intervals of a two-way bootstrap over prompts and seeds. "
        "Dynamic regret is against the best arm of each segment in hindsight; `primary_gain` is "
        f"the utility of {study.primary} above the row's.",
    ]  # fmt: skip
    served = ["policy", "told_share", "told_quality", "told_error", "told_after_s", "refused"]
    served += ["first_token_s_p50", "first_token_s_p95", "latency_s_p50", "latency_s_p95"]
    parts += [
        "## Feedback and service", _table(policies, served),
        "Told is what policies learned from, quality what is true.",
        "## Alarms",
        _table(policies, ["policy", "alarms", "false_alarms", "false_alarm_cost"]),
        "A run; the cost is the regret of the hundred requests after a false alarm above that of "
        "the hundred before it.",
        "## Segments", _table(segments, list(segments.columns)),
    ]  # fmt: skip
    if len(changes):
        parts += [
            "## After a change", _table(changes, list(changes.columns)),
            f"Requests until regret a request is back within {study.within:g} of what it was, in "
            f"windows of {study.window}; ∞: not before the next change. Adoption: until a new arm "
            "has a tenth of the traffic, and keeps it.",
        ]  # fmt: skip
    parts += ["![utility and regret over the stream](figures/stream.png)", "## Notes"]
    parts += ["\n".join(f"- {note}" for note in (*study.notes, *_facts(study)))]
    return "\n\n".join(parts) + "\n"


def _facts(study: WorldStudy) -> list[str]:
    return [f"{key}: {value}" for key, value in sorted(study.facts.items()) if key != "git_commit"]


def _table(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    return markdown_table(_grid(frame, columns))


def _grid(frame: pd.DataFrame, columns: Sequence[str]) -> Grid:
    """Figures with their intervals in one cell; costs per 1,000 requests."""
    shown = [name for name in columns if not name.endswith(("_low", "_high"))]
    shown = [name for name in shown if name == "policy" or not frame[name].isna().all()]
    lines = tuple(tuple(_cell(frame, row, name) for name in shown) for row in range(len(frame)))
    header = tuple(_USD if name == "cost_usd" else name for name in shown)
    return Grid(header=header, lines=lines)


def _cell(frame: pd.DataFrame, row: int, name: str) -> str:
    value: Any = frame[name].iloc[row]
    if isinstance(value, str):
        return value
    if name.endswith("_p"):
        return p_value(float(value))
    if float(value) == math.inf:
        return "∞"
    write = signed if name == "primary_gain" else _per_thousand if name == "cost_usd" else plain
    if float(value).is_integer() and name in _COUNTS:
        return f"{int(value):,}"
    text = write(float(value))
    if f"{name}_low" in frame and not math.isnan(float(value)):
        low, high = (float(frame[f"{name}_{end}"].iloc[row]) for end in ("low", "high"))
        text += f" [{write(low)}, {write(high)}]"
    return text


def _per_thousand(usd: float) -> str:
    return significant(1000 * usd)


_SHOWN = ("policy", "quality", "cost_usd", "utility", "dynamic_regret", "primary_gain", "gain_p")
_USD = "USD per 1,000 requests"
_COUNTS = {
    *("seeds", "requests", "segment", "change", "at_request"),
    *("adaptation_requests", "adoption_requests"),
}
