"""Gain over the best fixed model, over how badly the judge judges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gairp.report.figures.canvas import GREY, draw, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AXES = {
    "errors": "share of answers judged wrongly",
    "harsh": "share of right answers called wrong",
    "favours the worst": "added to the grades of the worst model",
}


def write_figure(table: pd.DataFrame, stem: Path) -> list[Path]:
    """`stem`.png and .svg: a panel a judge, a curve a learner with its 95% interval."""
    judges = list(dict.fromkeys(table["judge"]))

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, len(judges), sharey=True, squeeze=False)[0]
        for axes, judge in zip(panels, judges, strict=True):
            mine = table[table["judge"] == judge]
            for i, (learner, rows) in enumerate(mine.groupby("learner", sort=False)):
                look = {**style_of(i), "markersize": 4, "linewidth": 1.2}
                axes.plot(rows["level"], rows["gain"], label=str(learner), **look)
                axes.fill_between(
                    rows["level"], rows["gain_low"], rows["gain_high"],
                    color=look["color"], alpha=0.08, linewidth=0,
                )  # fmt: skip
            axes.axhline(0.0, color=GREY, linewidth=1)
            axes.set_title(judge)
            axes.set_xlabel(_AXES.get(judge, "level"))
        panels[0].set_ylabel("utility above the best fixed model")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=6, fontsize=8,
            title="bands: 95% intervals over prompts and seeds", title_fontsize=7.5,
        )  # fmt: skip

    return draw(paint, stem, width=10.0, height=3.6)
