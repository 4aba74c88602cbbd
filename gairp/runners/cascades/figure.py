"""Quality over cost of routers and cascades, and what the cascades gain at equal cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gairp.metrics.hull import frontier_quality
from gairp.report.figures.canvas import COLOURS, GREY, draw, style_of
from gairp.runners.cascades.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(
    found: Comparison, table: pd.DataFrame, reference: str, drawn: list[str], stem: Path
) -> list[Path]:
    """`stem`.png and `stem`.svg; drawn: the methods whose curves are shown."""

    def paint(figure: Figure) -> None:
        curves, gains = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1.0]})
        _curves(curves, found, drawn)
        _gains(gains, table[table["method"] != reference], reference)

    return draw(paint, stem, width=9.5, height=4.8)


def _curves(panel: Any, found: Comparison, drawn: list[str]) -> None:
    cost, quality = found.arms()
    high = 1.7 * float(cost.max())
    at = np.linspace(float(cost.min()), high, 300)
    panel.plot(
        1e3 * at, frontier_quality(cost, quality, at), color=GREY, linewidth=1.2,
        label="best fixed mix",
    )  # fmt: skip
    panel.plot(1e3 * cost, quality, "x", color=GREY, markersize=5, label="fixed arms")
    for number, name in enumerate(drawn):
        costs, values = found.points(name)
        seen = at[at >= costs.min()]
        style = style_of(number)
        panel.plot(
            1e3 * seen, frontier_quality(costs, values, seen), color=style["color"],
            linestyle=style["linestyle"], linewidth=1.4,
        )  # fmt: skip
        panel.plot(1e3 * costs, values, **{**style, "linestyle": "none"}, markersize=3.5)
        panel.plot([], [], **style, markersize=3.5, linewidth=1.4, label=name)
    panel.set_xlim(0.9e3 * float(cost.min()), 1e3 * high)
    panel.set_xlabel("cost of all attempts and checks (USD per 1,000 requests)")
    panel.set_ylabel("mean quality")
    panel.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2, fontsize=8)


def _gains(panel: Any, table: pd.DataFrame, reference: str) -> None:
    kinds = {"cascade": COLOURS[0], "router": COLOURS[2], "other": GREY}
    for kind, colour in kinds.items():
        rows = table[table["kind"] == kind]
        middle = rows["over_router"]
        spread = [middle - rows["over_router_low"], rows["over_router_high"] - middle]
        places = [list(table["method"]).index(name) for name in rows["method"]]
        panel.errorbar(middle, places, xerr=spread, fmt="o", color=colour, markersize=4, label=kind)
    panel.axvline(0.0, color=GREY, linewidth=0.8)
    panel.set_yticks(range(len(table)), table["method"])
    panel.tick_params(axis="y", labelsize=8)
    panel.invert_yaxis()
    panel.set_xlabel(f"average quality over the range of costs,\nless that of {reference}")
    panel.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=3, fontsize=8)
