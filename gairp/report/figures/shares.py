"""Which arm answered, over the stream: one panel a policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gairp.report.figures.canvas import draw
from gairp.report.study import Floats, Run
from gairp.report.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WINDOWS = 30
_COLUMNS = 4
_HATCHES = ("", "////", "", "....", "", "\\\\\\\\", "", "xxxx")
_TITLE = 190.0  #: points of font size times letters that a panel is wide
_THICK = 0.09  #: of the height, for a band to be numbered


def draw_shares(summary: Summary, stem: Path) -> list[Path]:
    """Write the figure as `stem`.png and `stem`.svg: mean share over seeds, in 30 windows.

    Arms are stacked and numbered from the cheapest (light) to the dearest (dark).
    """
    policies = len(summary.compared.policies)
    columns = min(_COLUMNS, policies)
    rows = -(-policies // columns)
    return draw(
        lambda figure: _paint(figure, summary, rows, columns),
        stem,
        width=max(6.0, 2.4 * columns + 1.6),
        height=1.0 + 1.9 * rows,
    )


def _paint(figure: Figure, summary: Summary, rows: int, columns: int) -> None:
    compared = summary.compared
    order = _by_cost(summary)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, name in zip(grid, compared.policies, strict=False):
        _draw_panel(axes, compared.runs[name], order)
        title = name + (" (primary)" if name == summary.study.primary else "")
        size = min(9.0, _TITLE / len(title))  # no wider than its panel
        axes.set_title(title, loc="left", fontsize=size)
    for axes in grid[len(compared.policies) :]:
        axes.set_visible(False)
    for axes in grid[: len(compared.policies)][-columns:]:  # the lowest of each column
        axes.tick_params(labelbottom=True)
    figure.supxlabel("requests served", fontsize=9)
    figure.supylabel("share of requests", fontsize=9)
    names = [f"{i + 1}  {compared.pool.arms[arm]}" for i, arm in enumerate(order)]
    handles = grid[0].collections[: len(order)]
    figure.legend(
        handles[::-1],
        names[::-1],
        loc="outside right upper",
        fontsize=7.5,
        title="arm, dearest on top" if compared.pool.cost_usd is not None else "arm",
        title_fontsize=7.5,
        handleheight=1.4,
    )


def _draw_panel(axes: Axes, runs: tuple[Run, ...], order: NDArray[np.int64]) -> None:
    from matplotlib import colormaps

    at, shares = _windows(runs, len(order))
    shares = shares[:, order]
    shades = np.linspace(0.05, 0.8, len(order))
    colours = colormaps["Greys"](shades)
    top = np.cumsum(shares, axis=1)
    for i in range(len(order)):
        axes.fill_between(
            at,
            top[:, i] - shares[:, i],
            top[:, i],
            facecolor=colours[i],
            edgecolor="black" if shades[i] < 0.5 else "white",
            linewidth=0.4,
            hatch=_HATCHES[i % len(_HATCHES)],
        )
        _number(axes, i, at, top[:, i] - shares[:, i] / 2, shares[:, i])
    axes.set_ylim(0.0, 1.0)
    axes.set_xlim(at[0], at[-1])
    axes.tick_params(labelsize=7)


def _number(axes: Axes, index: int, at: Floats, middle: Floats, share: Floats) -> None:
    """Write the arm's number where its band is thickest, if it is thick enough."""
    edge = 2  # a number at the very end of the stream would leave the panel
    inner = share[edge:-edge]
    if not len(inner) or inner.max() < _THICK:
        return
    where = edge + int(np.argmax(inner))
    axes.text(
        at[where],
        middle[where],
        str(index + 1),
        fontsize=7,
        ha="center",
        va="center",
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )


def _windows(runs: tuple[Run, ...], k: int) -> tuple[Floats, Floats]:
    """Edges-to-edge positions [w] and mean shares [w, k] of successive windows."""
    length = min(len(run.arms) for run in runs)
    edges = np.unique(np.linspace(0, length, min(_WINDOWS, length) + 1).astype(np.int64))
    counts = np.zeros((len(edges) - 1, k))
    for run in runs:
        window = np.searchsorted(edges, np.arange(length), side="right") - 1
        np.add.at(counts, (window, run.arms[:length]), 1.0)
    shares = counts / counts.sum(axis=1, keepdims=True)
    middles = (edges[:-1] + edges[1:]) / 2
    # The first and last window reach to the ends of the stream.
    middles[0], middles[-1] = (edges[0], edges[-1]) if len(middles) > 1 else (0, length)
    return middles, shares


def _by_cost(summary: Summary) -> NDArray[np.int64]:
    """Columns of the pool from the cheapest arm to the dearest; by quality without costs."""
    pool = summary.compared.pool
    values = pool.quality if pool.cost_usd is None else pool.cost_usd
    return np.argsort(values.mean(axis=0), kind="stable")
