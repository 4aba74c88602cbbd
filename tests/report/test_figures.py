"""Figures are files that a paper can take, and labels keep apart."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gairp.report.figures import draw_figures
from gairp.report.figures.labels import Label, place_labels, spread
from gairp.report.figures.regret import _paint
from gairp.report.study import Run, Study
from gairp.report.summary import summarise

PNG = b"\x89PNG\r\n\x1a\n"


def test_png_and_svg_of_each_figure(study: Study, tmp_path: Path) -> None:
    paths = draw_figures(summarise(study, draws=50), tmp_path)
    assert [path.name for path in paths] == [
        *("cost_quality.png", "cost_quality.svg", "regret.png", "regret.svg"),
        *("model_share.png", "model_share.svg"),
    ]
    for path in paths:
        assert path.stat().st_size > 5_000
        if path.suffix == ".png":
            assert path.read_bytes().startswith(PNG)
        else:
            assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
            assert "<dc:date>" not in path.read_text()


def test_no_plane_without_costs(study: Study, tmp_path: Path) -> None:
    pool = replace(study.pool, cost_usd=None, train_cost_usd=None)
    summary = summarise(replace(study, pool=pool, utility={}), draws=20)
    assert [path.stem for path in draw_figures(summary, tmp_path)] == [
        *("regret", "regret", "model_share", "model_share")
    ]


def test_a_sweep_with_refusals_and_two_prompts_can_be_drawn(
    study: Study, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    only = [0, -1, -1, -1, -1, -1, -1, 1]
    sweep = tuple(make_run(only, cost_weight=0.01 * i) for i in range(5))
    told = summarise(replace(study, runs=(make_run(only), *study.runs[1:]), sweep=sweep), draws=20)
    assert told.prompts == 2
    assert len(draw_figures(told, tmp_path)) == 6


@pytest.mark.parametrize("name", ["weak", "llama-3.1-nemotron-51b-instruct-" * 2, "a" * 130])
def test_titles_keep_apart_however_long_the_name_of_an_arm(study: Study, name: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    pool = replace(study.pool, arms=(name, "strong"))
    told = replace(summarise(replace(study, pool=pool), draws=20), best_fixed=name)
    figure = Figure(figsize=(10.0, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    _paint(figure, told)
    figure.draw_without_rendering()
    left, right = (
        next(found.get_window_extent() for found in axes.findobj(Text) if found.get_text() == title)
        for axes in figure.axes
        for title in [axes.get_title(loc="left")]
    )
    assert not left.overlaps(right)
    assert right.x1 <= figure.bbox.x1


@pytest.mark.parametrize("wanted", [[5.0, 5.0, 5.0], [1.0, 2.0, 30.0, 31.0], [9.0, 1.0], [50.0]])
def test_spread_keeps_the_order_and_the_gap(wanted: list[float]) -> None:
    placed = spread(np.array(wanted), 4.0, 0.0, 40.0)
    assert (np.diff(np.sort(placed)) >= 4.0 - 1e-9).all()
    assert (np.argsort(placed, kind="stable") == np.argsort(wanted, kind="stable")).all()
    assert placed.min() >= 0.0
    assert placed.max() <= 40.0


def test_spread_leaves_what_does_not_touch() -> None:
    assert spread(np.array([30.0, 10.0, 20.0]), 5.0, 0.0, 40.0).tolist() == [30.0, 10.0, 20.0]
    assert spread(np.array([10.0, 10.0]), 4.0, 0.0, 40.0).tolist() == [8.0, 12.0]


def test_labels_of_close_marks_do_not_overlap() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4))
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    marks = np.array([[0.5 + 0.01 * i, 0.5] for i in range(6)])
    place_labels(axes, [Label(f"policy_{i}", x, y) for i, (x, y) in enumerate(marks)], marks)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 6
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert axes.get_window_extent().contains(*box.min)
        assert axes.get_window_extent().contains(*box.max)
