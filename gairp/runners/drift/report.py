"""The tables, the figure and the text of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gairp.metrics.interval import standard_error
from gairp.report.cell import written
from gairp.report.markdown import frame_table
from gairp.runners.drift.figure import write_figure
from gairp.runners.drift.learner import Taken
from gairp.runners.drift.tables import Phases, Runs, adoption
from gairp.runners.drift.world import ChangingWorld
from gairp.runners.report_folder import ReportFolder

Found = Mapping[tuple[str, str, str, int], Taken]
_WASHED_OUT = 120  #: requests that ParetoBandit's adoption does not count


@dataclass(frozen=True, slots=True)
class Material:
    """What a report needs beside the runs.

    published: the table of the regression; figures: name -> budget -> what was published of it.
    """

    worlds: Mapping[str, ChangingWorld]
    published: pd.DataFrame
    figures: Mapping[str, Mapping[str, float]]
    budgets: Mapping[str, float]
    primary: str
    draws: int


def write_report(material: Material, found: Found, out: Path) -> Path:
    """summary.csv, adaptation.csv, gains.csv, price_cut.csv, arrival.csv, report.md, a figure."""
    runs = {name: _runs(found, name) for name in material.worlds}
    phases = {
        name: Phases(material.worlds[name], draws=material.draws)
        for name in ("regression", "price cut")
    }
    budgets = list(material.budgets)
    tables = {
        "summary": _regression(material, phases["regression"].rows(runs["regression"])),
        "adaptation": phases["regression"].adaptation(runs["regression"], budgets),
        "gains": phases["regression"].gains(runs["regression"], material.primary, budgets),
        "price_cut": _price_cut(material, phases["price cut"], runs["price cut"]),
        "arrival": _arrival(material, runs["arrival"]),
    }
    folder = ReportFolder(out)
    folder.write_tables(tables)
    world = material.worlds["regression"]
    assert world.phases is not None
    write_figure(
        runs["regression"], published(material), material.budgets, world.phases,
        folder.figure("regression"),
    )  # fmt: skip
    return folder.write_text(_text(material, tables))


def published(material: Material) -> pd.DataFrame:
    """ParetoBandit in each phase of the regression: budget, phase, quality, spend_usd."""
    table = material.published
    rows = []
    for budget in material.budgets:
        mine = table[table["condition"] == f"ParetoBandit ({budget})"].sort_values("phase")
        for number, (_, row) in enumerate(mine.iterrows(), start=1):
            rows.append({"budget": budget, "phase": number, "quality": row["mean_reward"],
                         "spend_usd": row["mean_cost"]})  # fmt: skip
    return pd.DataFrame(rows, columns=["budget", "phase", "quality", "spend_usd"])


def _runs(found: Found, world: str) -> Runs:
    runs: dict[tuple[str, str], list[Taken]] = {}
    for (at, learner, budget, _), taken in found.items():
        if at == world:
            runs.setdefault((learner, budget), []).append(taken)
    return runs


def _regression(material: Material, rows: pd.DataFrame) -> pd.DataFrame:
    theirs = published(material).rename(
        columns={"quality": "published", "spend_usd": "published_spend_usd"}
    )
    frame = rows.merge(theirs, on=["budget", "phase"], how="left")
    frame["over_published"] = frame["quality"] - frame["published"]
    frame["spend_ratio"] = frame["spend_usd"] / frame["published_spend_usd"]
    return frame


def _price_cut(material: Material, phases: Phases, runs: Runs) -> pd.DataFrame:
    """What the lower price lifts quality by, from the first phase to the second."""
    rows = phases.rows(runs)
    figures, lines = material.figures, []
    for learner, budget in runs:
        mine = rows[(rows["learner"] == learner) & (rows["budget"] == budget)]
        first, second, third = (mine[mine["phase"] == k].iloc[0] for k in (1, 2, 3))
        by_seed = [phases.by_prompt(runs[learner, budget], k)[0].mean(axis=1) for k in (0, 1)]
        lift = by_seed[1] - by_seed[0]
        lines.append({
            "learner": learner, "budget": budget, "before": first["quality"],
            "cut": second["quality"], "after": third["quality"], "lift": lift.mean(),
            "seed_error": 1.96 * standard_error(lift),
            "spend_cut_usd": second["spend_usd"], "spend_after_usd": third["spend_usd"],
            "published_before": figures["quality_before"].get(budget, np.nan),
            "published_cut": figures["quality_cut"].get(budget, np.nan),
            "published_lift": figures["lift"].get(budget, np.nan),
        })  # fmt: skip
    return pd.DataFrame(lines)


def _arrival(material: Material, runs: Runs) -> pd.DataFrame:
    """How soon the new arm has a tenth of the traffic, and what that is worth."""
    world = material.worlds["arrival"]
    column = world.prepared.arms.index(str(world.arrives))
    figures, lines = material.figures, []
    for (learner, budget), found in runs.items():
        chosen = [(run.arm == column) * 1.0 for run in found]
        late = len(chosen[0]) - min(200, len(chosen[0]))
        quality = np.array([run.quality.mean() for run in found])
        lines.append({
            "learner": learner, "budget": budget,
            **_adopted("adoption", [adoption(one) for one in chosen]),
            **_adopted("as_published", [adoption(one, skip=_WASHED_OUT) for one in chosen]),
            "share": np.mean([one.mean() for one in chosen]),
            "final_share": np.mean([one[late:].mean() for one in chosen]),
            "quality": quality.mean(),
            "seed_error": 1.96 * standard_error(quality),
            "spend_usd": np.mean([run.cost_usd.mean() for run in found]),
            "published_adoption": figures["adoption"].get(budget, np.nan),
            "published_quality": figures["quality_arrival"].get(budget, np.nan),
        })  # fmt: skip
    return pd.DataFrame(lines)


def _adopted(name: str, times: Sequence[float]) -> dict[str, Any]:
    """The mean over seeds that adopted, and how many did."""
    known = [t for t in times if t < np.inf]
    return {name: np.mean(known) if known else np.inf, f"{name}_seeds": len(known)}


_REGRESSION = (
    "budget", "phase", "quality", "quality_low", "quality_high", "seed_error", "published",
    "over_published", "spend_usd", "spend_ratio", "mix",
)  # fmt: skip


def _text(material: Material, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    summary, budgets = tables["summary"], list(material.budgets)
    parts = [
        "# Drift on ParetoBandit's data",
        "## A silent regression",
        _verdict(material, summary),
    ]
    for learner, rows in summary.groupby("learner", sort=False):
        parts += [f"### {learner}", frame_table(rows[list(_REGRESSION)], _cell)]
    parts += [
        "Quality with 95% intervals over prompts and seeds; `seed_error` is the half-width over "
        "seeds alone, which is what tells from the published means of the same prompts. `mix`: the "
        "best fixed mix at the same spend that knows the phase.",
        "## Requests until adapted",
        _adaptation_table(tables["adaptation"]),
        "From each change until the mean quality of 50 requests, over the seeds, is within 0.01 of "
        "where the best learner is in the second half of the phase; ∞: not within the phase.",
        f"## {material.primary} above each other learner, phases 2 and 3",
        frame_table(tables["gains"], _cell) if len(tables["gains"]) else "No other learner.",
        "## A price cut", frame_table(tables["price_cut"], _cell),
        "## A new model", frame_table(tables["arrival"], _cell),
        f"Budgets: {', '.join(f'{b} {material.budgets[b]:.3g} USD a request' for b in budgets)}.",
    ]  # fmt: skip
    return parts


def _verdict(material: Material, summary: pd.DataFrame) -> str:
    mine = summary[(summary["learner"] == material.primary) & (summary["phase"] > 1)]
    beaten = (mine["over_published"] > mine["seed_error"]) & (mine["spend_ratio"] <= 1.0)
    return (
        f"**{material.primary}: above the published pacer, at no higher spend, in "
        f"{int(beaten.sum())} of {len(mine)} phases after a change** (95% over seeds); least "
        f"difference {mine['over_published'].min():+.4f}, largest spend "
        f"{mine['spend_ratio'].max():.3f} of the published."
    )


def _adaptation_table(frame: pd.DataFrame) -> str:
    wide = frame.pivot_table(
        index="learner", columns=["budget", "phase"], values="requests", sort=False
    )
    columns: list[Any] = list(wide.columns)
    wide.columns = [f"{budget}, phase {phase}" for budget, phase in columns]
    return frame_table(wide.reset_index(), lambda name, v: _cell("requests", v))


def _cell(name: str, value: object) -> str:
    if name in ("requests", "adoption", "as_published", "published_adoption"):
        return written(value, ".0f")
    return written(value, ".3g" if name.endswith("_usd") else ".4f")
