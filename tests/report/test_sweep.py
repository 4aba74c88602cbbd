"""AIQ of a λ sweep against the area under a hull drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gairp.report.run_metrics import run_metrics
from gairp.report.study import Run, Study
from gairp.report.summary import summarise

MakeRun = Callable[..., Run]

# Strong answers the first 2j prompts: (cost, quality) = (1, 1/2), (3/2, 1/2), (2, 1/2),
# (5/2, 3/4), (3, 3/4). The hull runs from the first point to the fourth and is flat from there.
AREA = (1.5 * (0.5 + 0.75) / 2 + 0.5 * 0.75) / 2.0


@pytest.fixture
def swept(study: Study, make_run: MakeRun) -> Study:
    def split(strong: int, **settings: object) -> Run:
        return make_run([1] * strong + [0] * (8 - strong), **settings)

    return replace(
        study,
        runs=tuple(split(2, seed=seed) for seed in (0, 1)),
        sweep=tuple(
            split(strong, seed=seed, cost_weight=weight)
            for weight, strong in ((0.0, 8), (0.01, 6), (0.05, 4), (0.2, 0))
            for seed in (0, 1)
        ),
    )


def test_the_study_and_its_sweep_make_five_points(swept: Study) -> None:
    row = summarise(swept, draws=100).row("p")
    assert row.aiq.point == pytest.approx(AREA)
    assert row.aiq.low < AREA < row.aiq.high


def test_each_run_has_its_own(swept: Study) -> None:
    assert run_metrics(swept, swept.runs[1])["aiq"] == pytest.approx(AREA)
    assert "aiq" not in run_metrics(swept, swept.sweep[0])


def test_the_sweep_point_at_the_studys_own_weight_replaces_its_runs(
    swept: Study, make_run: MakeRun
) -> None:
    same = tuple(make_run([1, 1, *[0] * 6], seed=seed, cost_weight=0.1) for seed in (0, 1))
    told = summarise(replace(swept, sweep=(*swept.sweep, *same)), draws=20)
    assert told.row("p").aiq.point == pytest.approx(AREA)
    assert run_metrics(replace(swept, sweep=(*swept.sweep, *same)), swept.runs[0])[
        "aiq"
    ] == pytest.approx(AREA)


def test_the_mix_gets_an_aiq_to_be_held_against(swept: Study) -> None:
    # Its hull is the line from (1, 1/2) to (3, 3/4).
    assert summarise(swept, draws=20).row("zero_router").aiq.point == pytest.approx(0.625)


def test_blank_without_a_sweep_and_below_five_points(study: Study, swept: Study) -> None:
    for one in (study, replace(swept, sweep=swept.sweep[2:])):
        told = summarise(one, draws=20)
        assert np.isnan(told.row("p").aiq.point)
        assert np.isnan(told.row("fixed:weak").aiq.point)
        assert "aiq" not in run_metrics(one, one.runs[0])


def test_points_rest_on_the_seeds_that_all_have(swept: Study, make_run: MakeRun) -> None:
    extra = make_run([0] * 8, seed=2)  # would pull the study's own point down
    row = summarise(replace(swept, runs=(*swept.runs, extra)), draws=20).row("p")
    assert row.aiq.point == pytest.approx(AREA)
    assert row.aiq.low < AREA < row.aiq.high


def test_points_that_share_no_seed_have_no_interval(swept: Study) -> None:
    sweep = tuple(replace(run, seed=run.seed + 5) for run in swept.sweep if run.seed)
    row = summarise(replace(swept, sweep=sweep), draws=20).row("p")
    assert row.aiq.point == pytest.approx(AREA)
    assert np.isnan(row.aiq.low)
