"""Quality and spend over the stream, beside the published means of each phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gairp.metrics.drift import moving_average
from gairp.report.figures.canvas import GREY, draw, style_of
from gairp.runners.drift.learner import Taken
from gairp.runners.drift.tables import WINDOW, curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EVERY = 8  #: requests between two points of a curve


def write_figure(
    runs: Mapping[tuple[str, str], Sequence[Taken]],
    published: pd.DataFrame,
    budgets: Mapping[str, float],
    phase: int,
    stem: Path,
) -> list[Path]:
    """`stem`.png and .svg; published: budget, phase, quality, spend_usd."""
    names = list(dict.fromkeys(name for name, _ in runs))

    def paint(figure: Figure) -> None:
        panels = figure.subplots(2, len(budgets), sharex=True, sharey="row", squeeze=False)
        for column, (budget, rate) in enumerate(budgets.items()):
            above, below = panels[:, column]
            for i, name in enumerate(names):
                look = {**style_of(i), "marker": "", "linewidth": 1.8 if i == 0 else 1.0}
                for axes, what, unit in ((above, "quality", 1.0), (below, "cost_usd", rate)):
                    means = moving_average(curve(runs[name, budget], what) / unit, WINDOW)
                    steps = np.arange(WINDOW - 1, len(means), _EVERY)
                    axes.plot(steps, means[steps], label=name, **look)
            mine = published[published["budget"] == budget]
            _levels(above, mine["quality"].to_numpy(), phase)
            _levels(below, mine["spend_usd"].to_numpy() / rate, phase)
            above.set_title(f"{budget}: {1000 * rate:.3g} USD per 1,000 requests")
            below.set_xlabel("requests")
        panels[0, 0].set_ylabel(f"quality, mean of {WINDOW}")
        panels[1, 0].set_ylabel("spend / budget")
        panels[1, 0].set_ylim(0.0, 2.5)
        for axes in panels.flat:
            for at in (phase, 2 * phase):
                axes.axvline(at, color=GREY, linewidth=0.8, linestyle="--")
            axes.margins(x=0.0)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)

    return draw(paint, stem, width=9.5, height=5.6)


def _levels(axes: Axes, values: np.ndarray, phase: int) -> None:
    for number, value in enumerate(values.tolist()):
        label = "published, mean of a phase" if number == 0 else "_"
        axes.hlines(
            value, number * phase, (number + 1) * phase, color="#D55E00", linewidth=2.5,
            alpha=0.7, label=label,
        )  # fmt: skip
