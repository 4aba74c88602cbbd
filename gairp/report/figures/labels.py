"""Direct labels that keep out of each other's way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gairp.report.study import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Where a label may go: points from its mark, nearest first.
_RADII = (7.0, 12.0, 18.0, 26.0, 36.0, 48.0, 62.0, 78.0)
_ANGLES = np.deg2rad(np.arange(0, 360, 22.5))
_LEADER = 8.0  #: points beyond which a thin line joins label and mark
_FONT = 7.5


@dataclass(frozen=True, slots=True)
class Label:
    """A text for a mark at (x, y), in data coordinates."""

    text: str
    x: float
    y: float
    bold: bool = False


def place_labels(axes: Axes, labels: Sequence[Label], obstacles: Floats) -> None:
    """Write each label near its mark, greedily, where it covers least.

    obstacles: [m, 2], data coordinates of marks and of points along lines. The axes' limits and
    the figure's layout must be final.
    """
    from matplotlib.patheffects import withStroke

    scale = axes.figure.dpi / 72.0
    frame = axes.get_window_extent()
    window = np.array([frame.x0, frame.y0, frame.x1, frame.y1])
    points = axes.transData.transform(obstacles) if len(obstacles) else np.empty((0, 2))
    taken: list[Floats] = []
    for label in labels:
        mark = axes.transData.transform((label.x, label.y))
        size = _size_of(axes, label)
        offset, box = _best(mark, size, window, points, taken, scale)
        taken.append(box)
        far = float(np.hypot(*offset)) > _LEADER * scale
        axes.annotate(
            label.text,
            (label.x, label.y),
            xytext=((box[0] - mark[0]) / scale, (box[1] - mark[1]) / scale),
            textcoords="offset points",
            fontsize=_FONT,
            fontweight="bold" if label.bold else "normal",
            va="bottom",
            ha="left",
            zorder=6,
            path_effects=[withStroke(linewidth=2.0, foreground="white")],
        )
        if far:
            _leader(axes, mark, box)


def spread(wanted: Floats, gap: float, low: float, high: float) -> Floats:
    """Positions near `wanted`, at least `gap` apart, in [low, high] where they fit.

    Pools neighbours that are too close and centres each pool on its mean (the pool-adjacent-
    violators algorithm on positions less their rank's offset).
    """
    order = np.argsort(wanted, kind="stable")
    offset = np.arange(len(wanted)) * gap
    pools: list[list[float]] = []  # [mean, members]
    for value in wanted[order] - offset:
        pools.append([float(value), 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, members = pools.pop()
            before = pools[-1]
            total = before[1] + members
            before[0] = (before[0] * before[1] + mean * members) / total
            before[1] = total
    base = np.repeat([mean for mean, _ in pools], [int(members) for _, members in pools])
    base = np.clip(base, low, max(low, high - (offset[-1] if len(offset) else 0.0)))
    placed = np.empty(len(wanted))
    placed[order] = base + offset
    return placed


def _size_of(axes: Axes, label: Label) -> Floats:
    text = axes.text(
        0, 0, label.text, fontsize=_FONT, fontweight="bold" if label.bold else "normal"
    )
    extent = text.get_window_extent()
    text.remove()
    return np.array([extent.width, extent.height])


def _best(
    mark: Floats, size: Floats, window: Floats, points: Floats, taken: list[Floats], scale: float
) -> tuple[Floats, Floats]:
    best: tuple[float, Floats, Floats] | None = None
    for radius in _RADII:
        for angle in _ANGLES:
            offset = radius * scale * np.array([np.cos(angle), np.sin(angle)])
            # The nearest edge or corner of the box sits at the offset, not its centre.
            corner = mark + offset - size * (1 - np.array([np.cos(angle), np.sin(angle)])) / 2
            box = np.concatenate([corner, corner + size])
            penalty = radius / 10 + _hidden(box, window, points, taken, scale)
            penalty += 30.0 * _crossed(mark, box, taken)
            if best is None or penalty < best[0] - 1e-9:
                best = (penalty, offset, box)
    assert best is not None
    return best[1], best[2]


def _hidden(
    box: Floats, window: Floats, points: Floats, taken: list[Floats], scale: float
) -> float:
    """How bad a place is: leaving the axes, covering a label, covering a mark or a line."""
    outside = np.maximum(window[:2] - box[:2], 0).sum() + np.maximum(box[2:] - window[2:], 0).sum()
    pad = 2.0 * scale
    within = (points > box[:2] - pad).all(axis=1) & (points < box[2:] + pad).all(axis=1)
    overlap = sum(_overlaps(box, other, pad / 2) for other in taken)
    return float(outside) * 5 + 4.0 * float(within.sum()) + 60.0 * overlap


def _crossed(mark: Floats, box: Floats, taken: list[Floats]) -> int:
    """How many labels lie between the mark and its own label."""
    line = mark + np.linspace(0.0, 1.0, 9)[:, None] * (np.clip(mark, box[:2], box[2:]) - mark)
    return sum(
        bool(((line >= other[:2]) & (line <= other[2:])).all(axis=1).any()) for other in taken
    )


def _overlaps(a: Floats, b: Floats, pad: float) -> bool:
    return bool((a[:2] < b[2:] + pad).all() and (b[:2] < a[2:] + pad).all())


def _leader(axes: Axes, mark: Floats, box: Floats) -> None:
    end = np.clip(mark, box[:2], box[2:])
    (x0, y0), (x1, y1) = axes.transData.inverted().transform([mark, end])
    axes.plot([x0, x1], [y0, y1], color="#444444", linewidth=0.5, zorder=3)
