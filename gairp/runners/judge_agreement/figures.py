"""Two pictures: how far each judge agrees, and what sways it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.report.figures.canvas import COLOURS, GREY, MARKERS, draw
from gairp.runners.judge_agreement.measured import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gairp.metrics.interval import Estimate


def write_figures(found: Sequence[Measured], folder: Path) -> list[Path]:
    """agreement and bias, each as png and svg."""
    folder.mkdir(parents=True, exist_ok=True)
    height = 1.0 + 0.34 * len(found)
    judges = [one for one in found if not one.control]
    tall = 1.4 + 0.62 * len(judges)
    return [
        *draw(lambda f: _agreement(f, found), folder / "agreement", width=6.4, height=height),
        *draw(lambda f: _bias(f, judges), folder / "bias", width=6.4, height=tall),
    ]


def _agreement(figure: Figure, found: Sequence[Measured]) -> None:
    axes = figure.add_subplot()
    for row, one in enumerate(found):
        colour, marker = (GREY, "D") if one.control else (COLOURS[0], "o")
        _dot(axes, one.agreement.kappa, row, colour=colour, marker=marker, hollow=one.control)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(found)), [one.name for one in found])
    axes.invert_yaxis()
    axes.set_xlabel("Cohen's κ with the programmatic grade (0: chance, 1: equal); bars: 95%")
    axes.set_title("Judges (filled) and controls that ask no judge (hollow)", loc="left")


def _bias(figure: Figure, judges: Sequence[Measured]) -> None:
    axes = figure.add_subplot()
    models = sorted({model for one in judges for model in one.by_model})
    offsets = np.linspace(-0.3, 0.3, len(models))
    for row, one in enumerate(judges):
        for i, model in enumerate(models):
            if model in one.by_model:
                _dot(
                    axes, one.by_model[model], row + float(offsets[i]), colour=COLOURS[i],
                    marker=MARKERS[i], label=model if row == 0 else None,
                )  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(judges)), [one.name for one in judges])
    axes.invert_yaxis()
    axes.set_xlabel("verdict less the judge's mean at equal truth (> 0: favoured); bars: 95%")
    axes.set_title("Whose answers a judge favours", loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="answered by")


def _dot(
    axes: Axes, estimate: Estimate, at: float, *, colour: str, marker: str, hollow: bool = False,
    label: str | None = None,
) -> None:  # fmt: skip
    axes.plot([estimate.low, estimate.high], [at, at], color=colour, linewidth=1.4)
    axes.plot(
        [estimate.point], [at], marker=marker, color=colour, linestyle="none", markersize=6,
        markerfacecolor="white" if hollow else colour, label=label,
    )  # fmt: skip
