"""Reliability diagrams: predicted against recorded quality, before and after calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.report.calibration import AS_USED, Calibrated
from gairp.report.figures.canvas import COLOURS, GREY, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_FEW = 0.002  #: share of the predictions below which a bin's mean says little


def draw_reliability(found: Sequence[Calibrated], stem: Path) -> list[Path]:
    """Write `stem`.png and `stem`.svg, one panel a policy; nothing where nobody predicts."""
    if not found:
        return []
    policies = list(dict.fromkeys(one.policy for one in found))
    columns = min(_COLUMNS, len(policies))
    rows = -(-len(policies) // columns)
    return draw(
        lambda figure: _paint(figure, found, policies, rows, columns),
        stem,
        width=max(5.2, 2.7 * columns + 0.4),
        height=0.9 + 2.75 * rows,
    )


def _paint(
    figure: Figure, found: Sequence[Calibrated], policies: list[str], rows: int, columns: int
) -> None:
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    stages = [[one for one in found if one.policy == policy] for policy in policies]
    lines = max(len(of_one) for of_one in stages)  # of the tallest legend: titles stand level
    for panel, policy, of_one in zip(grid, policies, stages, strict=False):
        _panel(panel, policy, of_one, lines)
    for panel in grid[len(policies) :]:
        panel.set_visible(False)
    for panel in grid[: len(policies)][-columns:]:
        panel.tick_params(labelbottom=True)
    figure.supxlabel(
        "predicted quality (mean of a bin; bars: how many predictions are in each)", fontsize=9
    )
    figure.supylabel("recorded quality (mean of a bin)", fontsize=9)


def _panel(panel: Axes, policy: str, stages: Sequence[Calibrated], lines: int) -> None:
    panel.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    for one in stages:
        used = one.stage == AS_USED
        curve = one.every.curve
        share = curve.counts / curve.counts.sum()
        shown = share >= _FEW
        label = f"{one.stage}: ECE {one.every.error:.3f}, Brier {one.every.brier.point:.3f}"
        panel.plot(
            curve.predicted[shown],
            curve.observed[shown],
            color=COLOURS[0 if used else 5],
            marker="o" if used else "s",
            fillstyle="full" if used else "none",
            linestyle="-" if used else "--",
            markersize=4,
            linewidth=1.2,
            clip_on=False,
            label=label,
        )
        if used:
            middles = (curve.edges[:-1] + curve.edges[1:]) / 2
            # How many predictions a bin holds, at the foot: a quarter of the height at most.
            panel.bar(middles, 0.25 * share / np.max(share), width=0.09, color="#d9d9d9", zorder=0)
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(0.0, 1.0)
    panel.set_aspect("equal")
    panel.set_title(policy, loc="left", pad=8 + 11 * lines)
    panel.legend(
        loc="lower left", bbox_to_anchor=(-0.03, 1.0), fontsize=6.5, handlelength=1.8,
        borderaxespad=0.2, labelspacing=0.2,
    )  # fmt: skip
