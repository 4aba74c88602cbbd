"""What waiting and quality become as more requests come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gairp.report.figures.canvas import GREY, draw, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SECONDS = (1, 2, 5, 10, 20, 50, 100)


def write_figure(summary: pd.DataFrame, stem: Path) -> list[Path]:
    """`stem`.png and .svg: a column an arrival process, waiting above quality."""
    kinds = list(dict.fromkeys(summary["arrivals"]))

    def paint(figure: Figure) -> None:
        panels = figure.subplots(2, len(kinds), sharex=True, sharey="row", squeeze=False)
        for column, kind in enumerate(kinds):
            above, below = panels[:, column]
            mine = summary[summary["arrivals"] == kind]
            for i, (policy, rows) in enumerate(mine.groupby("policy", sort=False)):
                look = {**style_of(i), "markersize": 4, "linewidth": 1.8 if i == 0 else 1.1}
                above.plot(100 * rows["load"], rows["ttft_p95_s"], label=str(policy), **look)
                below.plot(100 * rows["load"], rows["quality"], label=str(policy), **look)
            above.set_yscale("log")
            above.set_yticks(_SECONDS, [f"{second:g}" for second in _SECONDS])
            above.minorticks_off()
            above.set_title(kind)
            below.set_xlabel("load (% of the quality-only router's capacity)")
            for axes in (above, below):
                axes.axvline(90.0, color=GREY, linewidth=0.8, linestyle="--")
        panels[0, 0].set_ylabel("time to first token, p95 (s)")
        panels[1, 0].set_ylabel("mean quality")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)

    return draw(paint, stem, width=8.5, height=5.6)
