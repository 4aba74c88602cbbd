"""Coverage and width of every interval, a panel a logger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gairp.report.figures.canvas import COLOURS, GREY, draw, explain
from gairp.runners.ope_truth.tables import BAND, BARRED

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(table: pd.DataFrame, stem: Path) -> list[Path]:
    """`stem`.png and `stem`.svg."""
    loggers = list(dict.fromkeys(table["logger"]))
    names = list(dict.fromkeys(table["estimator"]))

    def paint(figure: Figure) -> None:
        panels = figure.subplots(2, len(loggers), squeeze=False, sharey=True)
        for column, logger in enumerate(loggers):
            rows = table[table["logger"] == logger].set_index("estimator").loc[names]
            colours = [COLOURS[5] if name in BARRED else COLOURS[0] for name in names]
            above, below = panels[0][column], panels[1][column]
            above.axvspan(*BAND, color="#dddddd")
            above.axvline(0.95, color=GREY, linewidth=0.8)
            above.scatter(rows["coverage"], range(len(names)), c=colours, s=16)
            above.set_title(logger)
            above.set_xlim(-0.03, 1.03)
            above.set_xlabel("coverage of nominal 95%")
            below.scatter(rows["width"], range(len(names)), c=colours, s=16)
            below.set_xlabel("mean width (quality)")
            below.set_xlim(left=0)
        for panel in panels[:, 0]:
            panel.set_yticks(range(len(names)), names)
        panels[0][0].invert_yaxis()
        explain(
            figure,
            f"orange: estimators that have to cover in {BAND[0]:.0%} to {BAND[1]:.0%} of logs, the "
            "grey band; widths have an axis of their own in each panel",
        )

    return draw(paint, stem, width=2.6 * len(loggers) + 1.6, height=7.0)
