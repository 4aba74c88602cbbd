"""Quality over spend: the methods, the published pacer, and mixing without looking."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gairp.report.figures.canvas import GREY, draw, style_of
from gairp.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(
    table: pd.DataFrame, published: pd.DataFrame, arms: tuple[Floats, Floats], stem: Path
) -> list[Path]:
    """`stem`.png and `stem`.svg; published has spend and quality, arms their mean costs, scores."""

    def paint(figure: Figure) -> None:
        whole, near = figure.subplots(1, 2)
        for panel in (whole, near):
            cost = np.geomspace(arms[0].min(), arms[0].max(), 200)
            panel.plot(
                1000 * cost, np.interp(cost, *arms), color=GREY, linewidth=1, label="best fixed mix"
            )
            panel.plot(
                1000 * published["spend"], published["quality"], label="published pacer",
                **style_of(2), markersize=4, linewidth=1,
            )  # fmt: skip
            for i, (method, rows) in enumerate(table.groupby("method", sort=False)):
                panel.plot(
                    1000 * rows["spend_usd"], rows["quality"], label=str(method),
                    **style_of((0, 1, 4, 3)[i % 4]), markersize=4, linewidth=1,
                )  # fmt: skip
            panel.set_xscale("log")
            panel.set_xlabel("spend (USD per 1,000 requests)")
        whole.set_ylabel("mean quality")
        whole.legend()
        near.set_xlim(0.4, 18)
        near.set_ylim(0.895, 0.937)
        near.set_title("the dear end")

    return draw(paint, stem, width=9.0, height=3.8)
