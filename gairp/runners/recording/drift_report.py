"""drift.csv, drift.md and the figure of the evidence."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.report.figures.canvas import GREY, draw, style_of
from gairp.report.grid import Grid
from gairp.report.markdown import table
from gairp.runners.recording.reference import Compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD = (
    "arm", "prompts", "verdict", "after", "mean change", "interval", "p at any time",
    "answered by", "output tokens", "latency s", "USD per 1,000",
)  # fmt: skip


def write_report(found: Sequence[Compared], folder: Path, *, alpha: float) -> Path:
    """Write all of it; the path of the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = tuple(_line(one) for one in found)
    with (folder / "drift.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows((_HEAD, *lines))
    draw(lambda figure: _evidence(figure, found), folder / "evidence", width=6.4, height=3.4)
    text = "\n\n".join(
        (
            "# Has a model changed behind its name?",
            table(Grid(_HEAD, lines)),
            f"Grades of answers given now less those recorded, prompt by prompt. A false alarm, in "
            f"any arm and at any moment, has a chance of at most {alpha:g} (betting e-process, "
            "alpha shared evenly among the arms). The interval is an empirical Bernstein bound at "
            "the arm's own level; where an arm was left alone early it is that moment's. Then → "
            "now; medians for tokens and latency. “—” is unknown.",
            "![evidence.png](evidence.png)",
        )
    )
    path = folder / "drift.md"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _line(one: Compared) -> tuple[str, ...]:
    mean, low, high = one.drift.change()
    return (
        one.arm,
        str(len(one.drift.differences)),
        one.drift.verdict,
        "—" if one.drift.crossing is None else str(one.drift.crossing),
        _number(mean, "+.3f"),
        "—" if math.isnan(mean) else f"[{low:+.3f}, {high:+.3f}]",
        _number(one.drift.p_value, ".3g"),
        ", ".join(one.answered_by) or "—",
        _then_now(one.tokens, ".0f"),
        _then_now(one.latency_s, ".3f"),
        _then_now((1000 * one.cost_usd[0], 1000 * one.cost_usd[1]), ".5f"),
    )


def _then_now(values: tuple[float, float], form: str) -> str:
    return f"{_number(values[0], form)} → {_number(values[1], form)}"


def _number(value: float, form: str) -> str:
    return "—" if math.isnan(value) else format(value, form)


def _evidence(figure: Figure, found: Sequence[Compared]) -> None:
    """Evidence against "no change" over the prompts, a line an arm, and where it suffices."""
    axes = figure.add_subplot()
    for index, one in enumerate(found):
        path = one.drift.evidence.path
        if not len(path):
            continue
        style = style_of(index)
        marker = style.pop("marker")
        steps = range(1, len(path) + 1)
        axes.plot(steps, path, label=one.arm, linewidth=1.4, **style)
        if (at := one.drift.crossing) is not None:
            axes.plot([at], [path[at - 1]], marker=marker, color=style["color"], markersize=7)
    axes.axhline(1.0 / found[0].drift.alpha, color=GREY, linewidth=0.9, linestyle="--")
    axes.annotate(
        "enough for a drift", (0.0, 1.0 / found[0].drift.alpha), color=GREY, va="bottom",
        xycoords=("axes fraction", "data"), fontsize=8,
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("prompts asked again")
    axes.set_ylabel("evidence against “no change” (e-value)")
    axes.set_title("Evidence that may be watched while it grows", loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
