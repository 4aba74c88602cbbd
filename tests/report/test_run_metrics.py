"""Figures of one run, against hand-made ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gairp.report.run_metrics import run_curves, run_metrics
from gairp.report.study import Run, Study

MakeRun = Callable[..., Run]


def test_final_figures(study: Study) -> None:
    assert run_metrics(study, study.runs[0]) == pytest.approx(
        {
            "quality": 0.75,
            "cost_usd_per_1k": 2.0,
            "latency_p50_s": 1.0,
            "latency_p95_s": 4.0,
            "latency_p99_s": 4.0,
            "regret_best_fixed": 3.6 - 4.4,
            "regret_oracle": 4.8 - 4.4,
            "coverage": 1.0,
        }
    )


def test_curves_in_the_order_served_end_at_the_figures(study: Study) -> None:
    run = study.runs[0]  # serves prompts 7, 6, 5, 4 by strong, then 3..0 by weak
    curves = run_curves(study, run)
    assert [step for step, _ in curves["quality"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [value for _, value in curves["quality"]] == pytest.approx(
        [0, 0, 1 / 3, 2 / 4, 3 / 5, 4 / 6, 5 / 7, 6 / 8]
    )
    assert [value for _, value in curves["cost_usd_per_1k"]] == pytest.approx(
        [3, 3, 3, 3, 13 / 5, 14 / 6, 15 / 7, 2]
    )
    # Strong costs 0.3 of utility, weak 0.1: two requests that nobody answers right cost 0.2 each.
    assert [value for _, value in curves["regret_oracle"]] == pytest.approx(
        [0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
    )
    final = run_metrics(study, run)
    for name, curve in curves.items():
        step, value = curve[-1]
        assert step == 8
        assert value == pytest.approx(final[name])


def test_a_long_curve_is_thinned(big_study: Callable[..., Study]) -> None:
    study = big_study(linucb=0.5)
    steps = [step for step, _ in run_curves(study, study.runs[0], points=100)["quality"]]
    assert steps == list(range(4, 401, 4))


def test_what_the_source_lacks_is_absent(study: Study) -> None:
    pool = replace(study.pool, cost_usd=None, latency_s=None, train_cost_usd=None)
    unknown = np.full(8, np.nan)
    run = replace(study.runs[0], cost_usd=unknown, latency_s=unknown)
    bare = replace(study, pool=pool, runs=(run,), utility={})
    names = {"quality", "regret_best_fixed", "regret_oracle", "coverage"}
    assert set(run_metrics(bare, run)) == names
    assert set(run_curves(bare, run)) == names - {"coverage"}


def test_an_unknown_cost_in_a_run_leaves_no_regret_to_tell(study: Study) -> None:
    cost = study.runs[0].cost_usd.copy()
    cost[3] = np.nan
    found = run_metrics(study, replace(study.runs[0], cost_usd=cost))
    assert set(found) == {
        *("quality", "coverage", "latency_p50_s", "latency_p95_s", "latency_p99_s")
    }


def test_refused_requests_count_in_coverage_alone(study: Study, make_run: MakeRun) -> None:
    run = make_run([0, 0, 0, 0, 1, 1, -1, -1])
    found = run_metrics(study, run)
    assert found["coverage"] == pytest.approx(6 / 8)
    assert found["quality"] == pytest.approx(1.0)
    assert found["cost_usd_per_1k"] == pytest.approx(10 / 6)
    assert run_metrics(study, make_run([-1] * 8)) == {"coverage": 0.0}
    assert run_curves(study, make_run([-1] * 8)) == {}


def test_a_prompt_that_was_never_served_is_not_covered(study: Study, make_run: MakeRun) -> None:
    assert run_metrics(study, make_run([0] * 8, order=[0, 1]))["coverage"] == pytest.approx(2 / 8)


def test_share_of_strong_calls_has_a_name_of_its_own(study: Study) -> None:
    found = run_metrics(replace(study, cost_unit="share of strong calls"), study.runs[0])
    assert found["strong_share"] == pytest.approx(0.002)
    assert "cost_usd_per_1k" not in found
