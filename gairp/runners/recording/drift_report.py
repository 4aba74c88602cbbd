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
    "arm", "prompts", "failed", "verdict", "after", "mean change", "interval", "p at any time",
    "answered by", "output tokens", "latency s", "USD per 1,000",
)  # fmt: skip


def write_report(found: Sequence[Compared], folder: Path, *, alpha: float) -> Path:
    """Write all of it; the path of the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [record(one) for one in found]
    with (folder / "drift.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in one.items()} for one in records)
    draw(lambda figure: _evidence(figure, found), folder / "evidence", width=6.4, height=3.4)
    text = "\n\n".join(
        (
            "# Has a model changed behind its name?",
            table(Grid(_HEAD, tuple(_line(one) for one in found))),
            f"Grades of answers given now less those recorded, prompt by prompt. A false alarm, in "
            f"any arm and at any moment, has a chance of at most {alpha:g} (betting e-process, "
            "alpha shared evenly among the arms). The interval is a confidence sequence at the "
            "arm's own level: it holds whenever one stopped, and leaves 0 out where the arm has "
            "drifted. A prompt that failed now is in no difference. Then → now; medians for tokens "
            "and latency, means for cost. “—” is unknown.",
            "![evidence.png](evidence.png)",
        )
    )
    path = folder / "drift.md"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def record(one: Compared) -> dict[str, str | float | int | None]:
    """One line of drift.csv: USD a request, seconds, tokens; None and NaN are unknown."""
    drift, (mean, low, high) = one.drift, one.drift.change()
    return {
        "arm": one.arm,
        "prompts": len(drift.differences),
        "failed": one.unanswered,
        "verdict": drift.verdict,
        "crossing": drift.crossing,
        "mean_change": mean,
        "low": low,
        "high": high,
        "alpha": drift.alpha,
        "p_value": drift.p_value,
        "answered_by_then": " ".join(one.answered_by[0]),
        "answered_by_now": " ".join(one.answered_by[1]),
        **_both("output_tokens", one.tokens),
        **_both("latency_s", one.latency_s),
        **_both("cost_usd", one.cost_usd),
    }


def _both(name: str, values: tuple[float, float]) -> dict[str, float]:
    return {f"{name}_then": values[0], f"{name}_now": values[1]}


def _cell(value: str | float | int | None) -> str:
    unknown = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if unknown else str(value)


def _line(one: Compared) -> tuple[str, ...]:
    mean, low, high = one.drift.change()
    return (
        one.arm,
        str(len(one.drift.differences)),
        str(one.unanswered),
        one.drift.verdict,
        "—" if one.drift.crossing is None else str(one.drift.crossing),
        _number(mean, "+.3f"),
        f"[{low:+.3f}, {high:+.3f}]",
        _number(one.drift.p_value, ".3g"),
        " → ".join(", ".join(models) or "—" for models in one.answered_by),
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
