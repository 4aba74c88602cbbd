"""Quality over spend, and the gain over mixing without looking at the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gairp.report.figures.canvas import GREY, draw, style_of
from gairp.types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = (0, 1, 6, 4, 3)  #: of the methods; the published pacer has 2, black
_SPENDS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_GAINS = (-0.1, -0.03, -0.01, -0.003, -0.001, 0.0, 0.001, 0.003, 0.01, 0.03)
_NEAR = 0.002  #: gains below this are drawn to scale, larger ones by their logarithm


def write_figure(
    table: pd.DataFrame, published: pd.DataFrame, arms: tuple[Floats, Floats], stem: Path
) -> list[Path]:
    """`stem`.png and `stem`.svg.

    table: a row a method and budget; published: spend (USD a request) and quality; arms: their
    mean costs, ascending, and qualities, which the best fixed mix is linear between.
    """

    def paint(figure: Figure) -> None:
        qualities, gains = figure.subplots(1, 2)
        cost = np.geomspace(arms[0].min(), arms[0].max(), 200)
        qualities.plot(
            1000 * cost, np.interp(cost, *arms), color=GREY, linewidth=1, label="best fixed mix"
        )
        qualities.set_ylabel("mean quality")
        gains.axhline(0.0, color=GREY, linewidth=1)
        gains.set_yscale("symlog", linthresh=_NEAR)
        gains.set_ylabel("quality over the best fixed mix at equal spend")
        theirs = published["quality"] - np.interp(published["spend"], *arms)
        black = style_of(2)
        _mark(qualities, published["spend"], published["quality"], black, "published pacer")
        _mark(gains, published["spend"], theirs, black)
        for i, (method, rows) in enumerate(table.groupby("method", sort=False)):
            style, spend = style_of(_STYLES[i % len(_STYLES)]), rows["spend_usd"]
            _mark(qualities, spend, rows["quality"], style, str(method))
            moved = spend * 1.08 ** (i - 1)  # side by side where spends are equal
            _mark(gains, moved, rows["gain"], style)
            ends = [rows["gain"] - rows["gain_low"], rows["gain_high"] - rows["gain"]]
            gains.errorbar(
                1000 * moved, rows["gain"], yerr=np.maximum(ends, 0.0), fmt="none",
                ecolor=style["color"], elinewidth=1, capsize=2,
            )  # fmt: skip
        for panel in (qualities, gains):
            panel.set_xscale("log")
            panel.set_xticks(_SPENDS, [f"{at:g}" for at in _SPENDS])
            panel.set_xlabel("spend (USD per 1,000 requests)")
        gains.set_xlabel("spend (USD per 1,000 requests), methods side by side")
        gains.set_yticks(_GAINS, [f"{at:+g}".replace("-", "−") if at else "0" for at in _GAINS])
        figure.legend(*qualities.get_legend_handles_labels(), loc="outside lower center", ncol=3)

    return draw(paint, stem, width=9.0, height=4.4)


def _mark(
    panel: Axes, spend: pd.Series, values: pd.Series, style: dict[str, Any], label: str = ""
) -> None:
    """Marks alone: what lies between two budgets was not run."""
    look = {**style, "linestyle": "none", "markersize": 5, "fillstyle": "none"}
    panel.plot(1000 * spend, values, label=label or None, **look)
