"""Every figure of the summary against one worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gairp.errors import ConfigError, DataError
from gairp.report.study import Pool, Run, Study
from gairp.report.summary import Summary, gains, summarise

MakeRun = Callable[..., Run]


@pytest.fixture
def summary(study: Study) -> Summary:
    return summarise(study, draws=200)


def test_rows_are_the_reference_points_and_then_the_policies(summary: Summary) -> None:
    assert [row.policy for row in summary.rows] == [
        *("fixed:weak", "fixed:strong", "cheapest", "best_on_train", "zero_router", "oracle", "p")
    ]
    assert [row.kind for row in summary.rows] == ["comparator"] * 6 + ["primary"]


def test_a_policy(summary: Summary) -> None:
    row = summary.row("p")
    assert row.seeds == 2
    assert row.quality.point == pytest.approx((0.75 + 0.5) / 2)
    assert row.cost.point == pytest.approx((2.0 + 1.0) / 2)  # USD per 1,000
    assert row.shares == pytest.approx([12 / 16, 4 / 16])
    assert row.latency_s == (1.0, 4.0, 4.0)
    assert row.coverage == 1.0


def test_regret_is_a_sum_of_utility_over_prompts_and_a_mean_over_seeds(summary: Summary) -> None:
    # u = quality - 0.1 * USD per 1,000. Always strong (the best fixed arm): 6 - 8 * 0.3 = 3.6;
    # always weak: 4 - 0.8 = 3.2. Oracle: 4 * 0.9 + 2 * 0.7 - 2 * 0.1 = 4.8.
    # Seed 0: 4 * 0.9 + 2 * 0.7 - 2 * 0.3 = 4.4; seed 1 is always weak.
    row = summary.row("p")
    assert summary.best_fixed == "strong"
    assert row.regret_best_fixed == pytest.approx(((3.6 - 4.4) + (3.6 - 3.2)) / 2)
    assert row.regret_oracle == pytest.approx(((4.8 - 4.4) + (4.8 - 3.2)) / 2)


def test_gain_and_saving_against_the_mix_at_equal_cost(summary: Summary) -> None:
    row = summary.row("p")
    # At 1.5 USD per 1,000 the mix is weak but for a quarter; it reaches 0.625 at 2 USD.
    assert row.gain.point == pytest.approx(0.625 - 0.5625)
    assert row.saving.point == pytest.approx(1 - 1.5 / 2.0)
    assert row.gain.low <= row.gain.point <= row.gain.high


def test_the_mix_itself(summary: Summary) -> None:
    row = summary.row("zero_router")
    assert row.quality.point == pytest.approx(0.5625)
    assert row.cost.point == pytest.approx(1.5)
    assert row.shares == pytest.approx([0.75, 0.25])
    assert row.regret_oracle == pytest.approx(4.8 - (0.75 * 3.2 + 0.25 * 3.6))
    assert row.latency_s == (1.0, 4.0, 4.0)
    assert np.isnan(row.gain.point)
    assert row.what == "best fixed mix at the cost of p: 75% weak + 25% strong"


def test_the_oracle_takes_the_cheapest_of_the_best(summary: Summary) -> None:
    row = summary.row("oracle")
    assert row.quality.point == pytest.approx(0.75)
    assert row.cost.point == pytest.approx((6 * 1 + 2 * 3) / 8)
    assert row.shares == pytest.approx([0.75, 0.25])
    assert row.regret_oracle == 0.0


def test_fixed_arms_cheapest_and_best_on_train(summary: Summary, study: Study) -> None:
    assert summary.row("fixed:weak").quality.point == 0.5
    assert summary.row("fixed:strong").cost.point == pytest.approx(3.0)
    assert summary.row("cheapest").shares == pytest.approx([1.0, 0.0])
    # Utility of the train means: 0.5 - 0.1 = 0.4 and 0.7 - 0.3 = 0.4; the cheaper one wins a tie.
    assert summary.row("best_on_train").shares == pytest.approx([1.0, 0.0])
    known = replace(study.pool, train_utility=np.array([0.4, 0.41]))
    told = summarise(replace(study, pool=known), draws=20)
    assert told.row("best_on_train").shares == pytest.approx([0.0, 1.0])


def test_a_policy_that_was_run_stands_in_for_a_reference_of_its_name(
    study: Study, make_run: MakeRun
) -> None:
    ran = make_run([0] * 8, policy="cheapest")
    told = summarise(replace(study, runs=(*study.runs, ran)), draws=20)
    rows = [row for row in told.rows if row.policy == "cheapest"]
    assert [(row.kind, row.seeds) for row in rows] == [("comparator", 1)]


def test_without_costs_the_gain_is_over_the_arm_best_on_train(study: Study) -> None:
    pool = replace(study.pool, cost_usd=None, train_cost_usd=None)
    runs = tuple(replace(run, cost_usd=np.full(8, np.nan)) for run in study.runs)
    told = summarise(replace(study, pool=pool, runs=runs, utility={}), draws=50)
    row = told.row("p")
    assert told.against == "fixed arm best on train (strong)"
    assert row.gain.point == pytest.approx(0.625 - 0.75)
    assert np.isnan([row.cost.point, row.saving.point]).all()
    assert [r.policy for r in told.rows] == [
        *("fixed:weak", "fixed:strong", "best_on_train", "oracle", "p")
    ]


def test_a_utility_that_needs_an_unknown_cost_is_refused(study: Study) -> None:
    pool = replace(study.pool, cost_usd=None)
    with pytest.raises(DataError, match="needs the cost of every answer"):
        summarise(replace(study, pool=pool))


def test_a_primary_policy_without_runs_is_refused(study: Study) -> None:
    with pytest.raises(ConfigError, match=r"'linucb' has no runs; there are: p"):
        summarise(replace(study, primary="linucb"))


def test_prompts_that_are_all_near_duplicates_have_no_interval(study: Study) -> None:
    pool = replace(study.pool, groups=np.zeros(8, dtype=np.int64))
    with pytest.raises(DataError, match="one group of near-duplicates"):
        summarise(replace(study, pool=pool))


def test_share_of_strong_calls_as_cost(study: Study, pool: Pool, make_run: MakeRun) -> None:
    priced = replace(
        pool, cost_usd=np.tile([0.0, 1.0], (8, 1)), train_cost_usd=np.array([0.0, 1.0])
    )
    runs = tuple(replace(run, cost_usd=run.arms.astype(np.float64)) for run in study.runs)
    told = summarise(
        replace(study, pool=priced, runs=runs, utility={}, cost_unit="share of strong calls"),
        draws=50,
    )
    assert told.row("p").cost.point == pytest.approx(0.25)
    assert told.row("p").gain.point == pytest.approx(0.625 - (0.5 + 0.25 * 0.25))


def test_one_refused_prompt_is_left_out_for_everybody(study: Study, make_run: MakeRun) -> None:
    refusing = make_run([0, 0, 0, 0, 1, 1, 1, -1], policy="shy", seed=0)
    told = summarise(replace(study, runs=(*study.runs, refusing)), draws=50)
    assert told.prompts == 7
    assert told.row("shy").coverage == pytest.approx(7 / 8)
    assert told.row("p").coverage == 1.0
    assert told.row("shy").quality.point == pytest.approx(6 / 7)
    assert told.row("fixed:strong").quality.point == pytest.approx(6 / 7)


def test_an_outcome_that_was_not_recorded_is_left_out_for_everybody(study: Study) -> None:
    quality = study.pool.quality.copy()
    quality[7, 1] = np.nan  # strong never answered it; seed 0 asked it to
    runs = tuple(
        replace(run, quality=np.where((run.rows == 7) & (run.arms == 1), np.nan, run.quality))
        for run in study.runs
    )
    told = summarise(replace(study, pool=replace(study.pool, quality=quality), runs=runs), draws=50)
    assert told.prompts == 7
    assert told.row("fixed:strong").coverage == pytest.approx(7 / 8)
    assert told.row("fixed:weak").coverage == 1.0
    assert told.row("p").coverage == pytest.approx((7 / 8 + 1) / 2)
    assert told.row("p").quality.point == pytest.approx((6 / 7 + 4 / 7) / 2)


def test_nothing_answered_by_all_is_refused(study: Study, make_run: MakeRun) -> None:
    mute = make_run([-1] * 8, policy="mute")
    with pytest.raises(DataError, match="no prompt was answered by every arm and run"):
        summarise(replace(study, runs=(*study.runs, mute)))


def test_only_policies_beside_the_primary_one_are_holm_corrected(
    big_study: Callable[..., Study],
) -> None:
    alone = {
        name: summarise(big_study(**{name: rate}), draws=300).primary.p_value
        for name, rate in (("second", 0.02), ("thirdly", 0.03))
    }
    study = big_study(best=0.5, second=0.02, thirdly=0.03, other=0.0)
    told = summarise(replace(study, comparators=("other",)), draws=300)
    assert told.row("best").p_value == pytest.approx(2 / 301)
    low, high = sorted(alone, key=lambda name: alone[name])
    assert told.row(low).p_value == pytest.approx(min(1.0, 2 * alone[low]))
    assert told.row(high).p_value == pytest.approx(max(2 * alone[low], alone[high]))
    assert np.isnan(told.row("other").p_value)


def test_gains_are_those_of_the_judged_policies(study: Study) -> None:
    told = summarise(study, draws=50)
    gain = told.row("p").gain
    assert gains(told) == {"p": (gain.point, gain.low, gain.high)}
