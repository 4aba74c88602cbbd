"""Cumulative regret over the stream, against two named comparators."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from gairp.metrics.regret import cumulative_regret
from gairp.report.figures.canvas import draw, explain, style_of
from gairp.report.figures.labels import spread
from gairp.report.study import Floats
from gairp.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 200  #: of each curve
_BAND = (0.025, 0.975)  #: over seeds
_LINE_HEIGHT = 9.5  #: points between two labels
_TITLE = 48  #: characters that fit above a panel


def draw_regret(summary: Summary, stem: Path) -> list[Path]:
    """Write the figure as `stem`.png and `stem`.svg: mean over seeds, band 2.5% to 97.5%."""
    return draw(lambda figure: _paint(figure, summary), stem, width=10.0, height=4.4)


def _paint(figure: Figure, summary: Summary) -> None:
    compared = summary.compared
    by_arm = compared.arm_utility
    best = by_arm[:, compared.pool.arms.index(summary.best_fixed)]
    panels = (
        (_against(summary.best_fixed), best),
        ("against the per-prompt oracle", by_arm.max(axis=1)),
    )
    both = figure.subplots(1, 2)
    ends = []
    for axes, (title, comparator) in zip(both, panels, strict=True):
        axes.set_title(title, loc="left")
        axes.set_xlabel("requests served")
        axes.set_ylabel("cumulative regret (utility)")
        ends.append(_draw_curves(axes, summary, comparator))
        axes.axhline(0.0, color="black", linewidth=0.6)
        axes.margins(x=0.0)
    explain(figure, "lines: mean over seeds; bands: 2.5% to 97.5% of seeds")
    figure.draw_without_rendering()
    for axes, labels in zip(both, ends, strict=True):
        _label_ends(axes, labels)


def _against(arm: str) -> str:
    """On one line where it fits: titles of neighbours must not touch."""
    line = f"against {arm}, the best fixed arm in hindsight"
    if len(line) <= _TITLE:
        return line
    return "\n".join([*wrap(f"against {arm},", _TITLE), "the best fixed arm in hindsight"])


def _draw_curves(axes: Axes, summary: Summary, comparator: Floats) -> list[tuple[str, float, str]]:
    """Draw each policy; return (name, last value, colour) for the labels."""
    compared, ends = summary.compared, []
    for i, name in enumerate(compared.policies):
        runs = compared.runs[name]
        length = min(len(run.rows) for run in runs)
        steps = np.unique(np.linspace(1, length, min(_POINTS, length)).astype(np.int64))
        curves = np.stack(
            [
                cumulative_regret(compared.utility_of(run), comparator[run.rows])[steps - 1]
                for run in runs
            ]
        )
        mean, style = curves.mean(axis=0), style_of(i)
        low, high = np.quantile(curves, _BAND, axis=0)
        axes.fill_between(steps, low, high, color=style["color"], alpha=0.15, linewidth=0)
        width = 2.0 if name == summary.study.primary else 1.2
        every = max(1, len(steps) // 6)
        axes.plot(
            steps,
            mean,
            **style,
            linewidth=width,
            markersize=4,
            markevery=(i * every // 8, every),
        )
        ends.append((name, float(mean[-1]), style["color"]))
    return ends


def _label_ends(axes: Axes, ends: list[tuple[str, float, str]]) -> None:
    """Names at the right end of the curves, pushed apart where they would touch."""
    scale = axes.figure.dpi / 72.0
    x = axes.get_xlim()[1]
    wanted = np.array([axes.transData.transform((x, value))[1] for _, value, _ in ends]) / scale
    frame = axes.get_window_extent()
    placed = spread(wanted, _LINE_HEIGHT, frame.y0 / scale, frame.y1 / scale)
    for (name, value, colour), at, place in zip(ends, wanted, placed, strict=True):
        axes.annotate(
            name,
            (x, value),
            xytext=(22, place - at),
            textcoords="offset points",
            fontsize=7.5,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "relpos": (0.0, 0.5),  # to the label's left edge, not through it
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )
