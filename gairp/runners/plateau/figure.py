"""The gain of every router over mixing fixed models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gairp.report.figures.canvas import COLOURS, GREY, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(table: pd.DataFrame, room: float, stem: Path) -> list[Path]:
    """`stem`.png and `stem`.svg; room is the oracle's gain over the best fixed arm."""

    def paint(figure: Figure) -> None:
        panel = figure.subplots()
        places = range(len(table))
        low, high = table["gain"] - table["gain_low"], table["gain_high"] - table["gain"]
        panel.errorbar(
            table["gain"], places, xerr=[low, high], fmt="o", color=COLOURS[0], markersize=4
        )
        panel.axvline(0.0, color=GREY, linewidth=0.8)
        panel.set_yticks(places, table["router"])
        panel.invert_yaxis()
        panel.set_xlabel(
            "gain over the best fixed mix at equal cost "
            f"(the oracle is {room:.3f} above the best arm)"
        )

    return draw(paint, stem, width=6.5, height=0.28 * len(table) + 1.2)
