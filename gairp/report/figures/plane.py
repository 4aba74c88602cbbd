"""The cost-quality plane: fixed arms and their mix, the oracle, and the policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gairp.metrics.mix import ZeroRouter
from gairp.report import reference
from gairp.report.compared import FIXED, ORACLE
from gairp.report.figures.canvas import GREY, draw, explain, settle, style_of
from gairp.report.figures.labels import Label, place_labels
from gairp.report.row import Row
from gairp.report.study import Floats
from gairp.report.summary import Summary
from gairp.report.sweep import operating_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SWEPT = "; small marks that a line joins: the same policy at other weights of cost"
_LOG_SPAN = 30.0  #: the cost axis is logarithmic where costs span more


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is drawn, in the study's cost unit."""

    summary: Summary
    arms: tuple[Row, ...]
    oracle: Row
    policies: tuple[Row, ...]
    mix: Floats  #: [m, 2], along the best fixed mix
    sweeps: dict[str, Floats]  #: policy -> [points, 2]
    log: bool

    @property
    def rows(self) -> tuple[Row, ...]:
        """Everything that is a point."""
        return (*self.arms, self.oracle, *self.policies)

    def box(self) -> Floats:
        """[[cost low, quality low], [cost high, quality high]] around the judged policies."""
        judged = [row for row in self.policies if row.kind != "comparator"]
        low = np.array([(row.cost.low, row.quality.low) for row in judged]).min(axis=0)
        high = np.array([(row.cost.high, row.quality.high) for row in judged]).max(axis=0)
        swept = [s for name, s in self.sweeps.items() if any(r.policy == name for r in judged)]
        if swept:
            low = np.minimum(low, np.concatenate(swept).min(axis=0))
            high = np.maximum(high, np.concatenate(swept).max(axis=0))
        return _widened(np.stack([low, high]), log=self.log)


def draw_plane(summary: Summary, stem: Path) -> list[Path]:
    """Write the figure as `stem`.png and `stem`.svg: the whole plane, and the policies enlarged.

    The mix is drawn from the vertices chosen on train at their reported cost and quality.
    """
    scene = _scene(summary)
    return draw(lambda figure: _paint(figure, scene), stem, width=10.0, height=4.8)


def _scene(summary: Summary) -> _Scene:
    arms = tuple(r for r in summary.rows if r.policy.startswith(FIXED) and not r.seeds)
    oracle = summary.row(ORACLE)
    policies = tuple(row for row in summary.rows if row.seeds)
    costs = np.array([row.cost.point for row in (*arms, oracle, *policies)])
    log = _spans_far(costs.min(), costs.max())
    return _Scene(
        summary=summary,
        arms=arms,
        oracle=oracle,
        policies=policies,
        mix=_mix(summary, log=log),
        sweeps=_sweeps(summary),
        log=log,
    )


def _mix(summary: Summary, *, log: bool) -> Floats:
    """From the cheapest to the dearest arm; a straight line is a curve on a logarithmic axis."""
    router = reference.mix(summary.compared)
    pool, per = summary.compared.pool, summary.compared.per
    assert isinstance(router, ZeroRouter)
    assert pool.cost_usd is not None
    cost, quality = pool.cost_usd.mean(axis=0), pool.quality.mean(axis=0)
    chosen = cost[list(router.vertices)]
    grid = np.geomspace if log else np.linspace
    at = np.unique(np.concatenate([grid(chosen.min(), cost.max(), 200), chosen]))
    at = at[at >= chosen.min()]
    return np.column_stack([at * per, router.quality(cost, quality, at)])


def _sweeps(summary: Summary) -> dict[str, Floats]:
    compared = summary.compared
    found = {}
    for name in compared.policies:
        points = [
            (
                compared.table(runs, "cost_usd").mean() * compared.per,
                compared.table(runs, "quality").mean(),
            )
            for runs in operating_points(compared, name)
        ]
        if len(points) > 1:
            found[name] = np.array(sorted(points))
    return found


def _paint(figure: Figure, scene: _Scene) -> None:
    box = scene.box()
    whole, near = figure.subplots(1, 2)
    inside = [row for row in scene.rows if _is_inside(_at(row), box)]
    outside = [row for row in scene.rows if not _is_inside(_at(row), box)]
    _draw_scene(whole, scene, scene.rows, log=scene.log)
    _draw_scene(near, scene, inside, log=_spans_far(box[0, 0], box[1, 0]))
    whole.set_title("whole plane", loc="left")
    near.set_title("the policies, enlarged", loc="left")
    explain(figure, "bars: 95% intervals" + (_SWEPT if scene.sweeps else ""))
    near.set_xlim(*box[:, 0])
    near.set_ylim(*box[:, 1])
    _frame(whole, box)
    settle(figure)
    outline = _outline(box, log=scene.log)
    lines = np.concatenate([scene.mix, *(_dense(points) for points in scene.sweeps.values())])
    _label(whole, scene, outside, np.concatenate([lines, _bars(scene.rows), outline]))
    _label(near, scene, inside, np.concatenate([lines, _bars(inside)]))


def _draw_scene(axes: Axes, scene: _Scene, rows: Sequence[Row], *, log: bool) -> None:
    """The mix, the sweeps and these rows on one panel."""
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(scene.summary.study.cost_unit + (" (log scale)" if log else ""))
    axes.set_ylabel("mean quality")
    axes.plot(*scene.mix.T, color=GREY, linewidth=1.2, zorder=3)  # a sweep may lie on it
    for i, policy in enumerate(scene.policies):
        if policy.policy in scene.sweeps:
            style = style_of(i) | {"markersize": 2.5}
            axes.plot(*scene.sweeps[policy.policy].T, **style, linewidth=0.9)
        if policy in rows:
            style = style_of(i)
            _mark(axes, policy, marker=style["marker"], color=style["color"], markersize=6)
    for arm in scene.arms:
        if arm in rows:
            _mark(axes, arm, marker="o", color="white", markeredgecolor="black", markersize=5)
    if scene.oracle in rows:
        _mark(axes, scene.oracle, marker="*", color="black", markersize=10)


def _label(axes: Axes, scene: _Scene, rows: Sequence[Row], obstacles: Floats) -> None:
    labels = [
        Label(row.policy.removeprefix(FIXED), *_at(row), bold=row.kind == "primary") for row in rows
    ]
    place_labels(axes, [*labels, *_mix_label(axes, scene)], obstacles)


def _mix_label(axes: Axes, scene: _Scene) -> list[Label]:
    """Where the mix runs farthest from any mark; none where it does not cross the panel."""
    to_panel = axes.transData + axes.transAxes.inverted()
    line = to_panel.transform(scene.mix)
    marks = to_panel.transform([_at(row) for row in scene.rows])
    shown = ((line > 0.1) & (line < 0.9)).all(axis=1)
    if not shown.any():
        return []
    distance = np.hypot(*(line[:, None] - marks[None]).transpose(2, 0, 1))
    clearest = int(np.argmax(np.where(shown, distance.min(axis=1), -1.0)))
    x, y = scene.mix[clearest]
    return [Label("best fixed mix", float(x), float(y))]


def _mark(axes: Axes, row: Row, **style: Any) -> None:
    """A point with its intervals."""
    x, y = _at(row)
    axes.errorbar(
        x,
        y,
        xerr=[[max(0.0, x - row.cost.low)], [max(0.0, row.cost.high - x)]],
        yerr=[[max(0.0, y - row.quality.low)], [max(0.0, row.quality.high - y)]],
        elinewidth=0.7,
        ecolor="#888888",
        linestyle="none",
        zorder=4,
        **style,
    )


def _at(row: Row) -> tuple[float, float]:
    return row.cost.point, row.quality.point


def _bars(rows: Sequence[Row]) -> Floats:
    """Points along the rows' intervals, their marks among them, for labels to keep clear of."""
    steps = np.linspace(0.0, 1.0, 9)
    points = [_at(row) for row in rows]
    for row in rows:
        x, y = _at(row)
        points += [(row.cost.low + t * (row.cost.high - row.cost.low), y) for t in steps]
        points += [(x, row.quality.low + t * (row.quality.high - row.quality.low)) for t in steps]
    return np.array(points).reshape(-1, 2)


def _dense(line: Floats) -> Floats:
    """Points along a line from one of its points to the next."""
    at = np.linspace(0, len(line) - 1, 8 * len(line))
    whole = np.arange(len(line))
    return np.column_stack([np.interp(at, whole, line[:, 0]), np.interp(at, whole, line[:, 1])])


def _widened(box: Floats, *, log: bool) -> Floats:
    """A tenth more on each side, and never of no size."""
    low, high = box.copy()
    if log:
        low[0], high[0] = np.log(low[0]), np.log(high[0])
    size = np.maximum(high - low, [1e-3 * max(abs(high[0]), 1e-9), 2e-3])
    low, high = low - 0.15 * size, high + 0.15 * size
    if log:
        low[0], high[0] = np.exp(low[0]), np.exp(high[0])
    return np.stack([low, high])


def _spans_far(low: float, high: float) -> bool:
    """Whether a logarithmic axis is due."""
    return bool(low > 0 and high / low > _LOG_SPAN)


def _is_inside(point: tuple[float, float], box: Floats) -> bool:
    return bool((box[0] <= point).all() and (point <= box[1]).all())


def _frame(axes: Axes, box: Floats) -> None:
    (x0, y0), (x1, y1) = box
    axes.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=GREY, linewidth=0.7, linestyle=":")


def _outline(box: Floats, *, log: bool) -> Floats:
    (x0, y0), (x1, y1) = box
    across = np.geomspace(x0, x1, 12) if log else np.linspace(x0, x1, 12)
    up = np.linspace(y0, y1, 12)
    sides = [(across, np.full(12, y)) for y in (y0, y1)] + [(np.full(12, x), up) for x in (x0, x1)]
    return np.concatenate([np.column_stack(side) for side in sides])
