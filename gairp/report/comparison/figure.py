"""The critical-difference diagram, and below it what each policy is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.report.comparison.contest import Contest
from gairp.report.figures.canvas import COLOURS, GREY, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = 0.2  #: inches a policy
_STEP = 0.42  #: between two bars, in units of a policy's line


def draw_contest(contest: Contest, measured: str, stem: Path) -> list[Path]:
    """Write `stem`.png and `stem`.svg.

    Above: mean ranks, and bars that join policies of which no two differ significantly (Demšar
    2006, figure 1). Below: effects with their 95% intervals.
    """
    k = len(contest.names)
    above = _LINE * (-(-k // 2) + _STEP * len(contest.groups)) + 0.75
    below = _LINE * k + 0.7

    def paint(figure: Figure) -> None:
        ranks, effects = figure.subplots(2, 1, height_ratios=[above, below])
        _ranks(ranks, contest)
        _effects(effects, contest, measured)

    return draw(paint, stem, width=7.2, height=above + below)


def _ranks(panel: Axes, contest: Contest) -> None:
    k, half = len(contest.names), -(-len(contest.names) // 2)
    room = max(0.6, 0.32 * (k - 1))  # left and right of the ranks, for the names
    first = 0.9 + _STEP * len(contest.groups)
    panel.axis("off")
    panel.set_xlim(1 - room, k + room)
    panel.set_ylim(first + half - 0.3, -1.0)  # downwards
    panel.plot([1, k], [0, 0], color="black", linewidth=1)
    for rank in range(1, k + 1):
        panel.plot([rank, rank], [-0.18, 0], color="black", linewidth=1)
        panel.text(rank, -0.32, str(rank), ha="center", va="bottom", fontsize=8)
    for i, (name, rank) in enumerate(zip(contest.names, contest.ranks.tolist(), strict=True)):
        left = i < half
        level = first + (i if left else k - 1 - i)
        end = 1 - 0.1 * room if left else k + 0.1 * room
        panel.plot([rank, rank, end], [0, level, level], color=GREY, linewidth=0.7)
        panel.text(
            end, level, f" {rank:.1f}  {name} " if not left else f" {name}  {rank:.1f} ",
            ha="right" if left else "left", va="center", fontsize=8,
        )  # fmt: skip
    for i, (start, stop) in enumerate(contest.groups):
        level = 0.55 + _STEP * i
        ends = [contest.ranks[start] - 0.05, contest.ranks[stop] + 0.05]
        panel.plot(ends, [level, level], color="black", linewidth=3, solid_capstyle="butt")
    panel.set_title("mean rank (1 is best); bars join what does not differ", loc="left")


def _effects(panel: Axes, contest: Contest, measured: str) -> None:
    points = np.array([e.point for e in contest.effects])
    low = points - np.array([e.low for e in contest.effects])
    high = np.array([e.high for e in contest.effects]) - points
    places = np.arange(len(points))
    panel.errorbar(
        points, places, xerr=np.maximum([low, high], 0.0), fmt="o", color=COLOURS[0], markersize=4,
        capsize=2, linewidth=1,
    )  # fmt: skip
    if points.min() - low.max() <= 0 <= points.max() + high.max():
        panel.axvline(0.0, color=GREY, linewidth=0.8)
    panel.set_yticks(places, contest.names, fontsize=8)
    panel.invert_yaxis()
    panel.set_xlabel(f"{measured}, mean with 95% interval")
