"""Utility over the stream, what was lost, and where the world changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.metrics.drift import moving_average
from gairp.report.figures.canvas import GREY, draw, style_of
from gairp.report.world.study import WorldStudy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 200  #: of each curve


def draw_stream(study: WorldStudy, stem: Path) -> list[Path]:
    """Write `stem`.png and .svg: means over seeds; the dotted line is the best arm of a segment."""
    return draw(lambda figure: _paint(figure, study), stem, width=9.0, height=6.0)


def _paint(figure: Figure, study: WorldStudy) -> None:
    above, below = figure.subplots(2, 1, sharex=True)
    window = study.window
    for i, (name, runs) in enumerate(study.policies.items()):
        length = min(len(run["row"]) for run in runs)
        steps = np.unique(np.linspace(0, length - 1, min(_POINTS, length)).astype(np.int64))
        utility = np.mean([run["utility"][:length] for run in runs], axis=0)
        regret = np.mean([run.regret[:length] for run in runs], axis=0)
        every = max(1, len(steps) // 6)
        look = {**style_of(i), "linewidth": 2.0 if name == study.primary else 1.2,
                "markersize": 4, "markevery": (i * every // 8, every)}  # fmt: skip
        above.plot(steps, moving_average(utility, window)[steps], label=name, **look)
        below.plot(steps, np.cumsum(regret)[steps], label=name, **look)
    runs = next(iter(study.policies.values()))
    length = min(len(run["row"]) for run in runs)
    best = np.mean([run.comparator[:length] for run in runs], axis=0)
    above.plot(moving_average(best, window), color=GREY, linestyle=":", label="best of segment")
    above.set_ylabel(f"utility, mean of {window}")
    below.set_ylabel("cumulative dynamic regret")
    below.set_xlabel("requests")
    for axes in (above, below):
        _mark_changes(axes, study)
        axes.margins(x=0.0)
    below.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7.5)


def _mark_changes(axes: Axes, study: WorldStudy) -> None:
    """At the median over runs, where they differ."""
    every = [run.changes for run in study.runs]
    for number in range(min(map(len, every))):
        at = float(np.median([changes[number] for changes in every]))
        axes.axvline(at, color=GREY, linewidth=0.8, linestyle="--")
