"""One look for all figures: sizes, colours, markers and reproducible files.

Figures are drawn with matplotlib's object interface on the Agg canvas: no global figure, no
window. Files hold no time stamp and SVG ids come from a fixed salt, so equal data make equal
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Okabe-Ito colours, ordered so that neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#000000", "#CC79A7", "#009E73", "#D55E00", "#56B4E9", "#999999")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
#: Seven, so that a colour that comes again comes with another line.
DASHES: tuple[Any, ...] = (
    "-",
    "--",
    ":",
    "-.",
    (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)),
    (0, (8, 2)),
    (0, (3, 1)),
)
GREY = "#666666"
DPI = 160

_SETTINGS: Any = {
    "svg.hashsalt": "gairp",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "legend.frameon": False,
}


def style_of(index: int) -> dict[str, Any]:
    """Colour, marker and line style of the index-th series; colour and line repeat after 56."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": DASHES[index % len(DASHES)],
    }


def explain(figure: Figure, text: str) -> None:
    """What marks, bands or bars mean, small and below everything else."""
    figure.supxlabel(text, fontsize=7.5, color="#444444")


def draw(paint: Callable[[Figure], None], stem: Path, *, width: float, height: float) -> list[Path]:
    """Paint a figure of this size in inches and write `stem`.png and `stem`.svg."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height), dpi=DPI)
        figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.08))
        FigureCanvasAgg(figure)
        paint(figure)
        settle(figure)
        png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
        figure.savefig(png, dpi=DPI, metadata={"Software": None})
        figure.savefig(svg, metadata={"Date": None, "Creator": "gairp.report"})
    return [png, svg]


def settle(figure: Figure) -> None:
    """Lay the figure out for good: what is placed afterwards stays, and saving is quick."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
