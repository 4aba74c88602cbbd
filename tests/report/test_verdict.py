"""The verdict says gain, loss, nothing, or that it cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gairp.metrics.interval import Estimate
from gairp.report.study import Study
from gairp.report.summary import Summary, summarise
from gairp.report.verdict import other_verdicts, verdict

FORM = re.compile(
    r"skilled against the best fixed mix at equal cost: [+−]\d\.\d{3,4} quality "
    r"\[[+−]\d\.\d{3,4}, [+−]\d\.\d{3,4}\], p = \S+ over 10 seeds: "
)


def test_a_gain(big_study: Callable[..., Study]) -> None:
    told = verdict(summarise(big_study(skilled=0.5), draws=300))
    assert told.outcome == "gain"
    assert FORM.match(told.line)
    assert told.line.endswith("over 10 seeds: a significant gain.")


def test_no_gain(big_study: Callable[..., Study]) -> None:
    told = verdict(summarise(_level(big_study), draws=300))
    assert told.outcome == "no gain"
    assert told.line.endswith("over 10 seeds: no significant gain.")


def test_a_loss(big_study: Callable[..., Study]) -> None:
    told = verdict(summarise(big_study(skilled=-0.5), draws=300))
    assert told.outcome == "loss"
    assert "quality [−" in told.line
    assert told.line.endswith("over 10 seeds: a significant loss.")


def test_few_seeds_give_the_figures_but_no_verdict(big_study: Callable[..., Study]) -> None:
    told = verdict(summarise(big_study(seeds=3, skilled=0.5), draws=300))
    assert told.outcome == "no verdict"
    assert told.line.startswith("skilled against the best fixed mix at equal cost: +0.")
    assert told.line.endswith(": no verdict: 3 seeds, 10 needed.")


def test_the_figures_of_a_line(big_study: Callable[..., Study]) -> None:
    summary = _with_gain(summarise(big_study(linucb=0.1), draws=50), 0.0123, -0.0031, 0.0274, 0.113)
    assert verdict(summary).line == (
        "linucb against the best fixed mix at equal cost: +0.012 quality [−0.003, +0.027], "
        "p = 0.11 over 10 seeds: no significant gain."
    )


def test_p_and_interval_must_agree(big_study: Callable[..., Study]) -> None:
    summary = summarise(big_study(linucb=0.1), draws=50)
    assert verdict(_with_gain(summary, 0.1, 0.05, 0.2, 0.06)).outcome == "no gain"
    assert verdict(_with_gain(summary, 0.1, -0.01, 0.2, 0.04)).outcome == "no gain"
    assert verdict(_with_gain(summary, 0.1, 0.05, 0.2, 0.04)).outcome == "gain"
    assert verdict(_with_gain(summary, -0.1, -0.2, -0.05, 0.04)).outcome == "loss"


def test_a_narrow_interval_shows_a_fourth_decimal(big_study: Callable[..., Study]) -> None:
    summary = summarise(big_study(linucb=0.1), draws=50)
    line = verdict(_with_gain(summary, 0.0004, 0.0001, 0.0007, 0.01)).line
    assert "+0.0004 quality [+0.0001, +0.0007]" in line


def test_a_policy_cheaper_than_any_mix_says_so(big_study: Callable[..., Study]) -> None:
    summary = summarise(big_study(linucb=0.1), draws=50)
    row = replace(summary.primary, feasible=False)
    line = verdict(replace(summary, rows=(*summary.rows[:-1], row))).line
    assert line.endswith("(it costs less than any fixed mix, so the cheapest arm stands in).")


def test_the_others_say_that_they_are_corrected(big_study: Callable[..., Study]) -> None:
    study = replace(big_study(best=0.5, second=0.3, random=0.0), comparators=("random",))
    lines = [told.line for told in other_verdicts(summarise(study, draws=100))]
    assert len(lines) == 1
    assert lines[0].startswith("second against the best fixed mix at equal cost: ")
    assert "Holm-corrected p = " in lines[0]


def _with_gain(summary: Summary, point: float, low: float, high: float, p: float) -> Summary:
    gain = Estimate(point, low, high, np.array([point]))
    row = replace(summary.primary, gain=gain, p_value=p)
    return replace(summary, rows=(*summary.rows[:-1], row))


def _level(big_study: Callable[..., Study]) -> Study:
    """A policy that is a fixed mix of two neighbouring vertices, decided by coin."""
    study = big_study(skilled=0.0)
    pool = study.pool
    assert pool.cost_usd is not None
    runs = []
    for run in study.runs:
        arms = 1 + np.random.default_rng([7, run.seed]).integers(2, size=len(run.rows))
        at = (run.rows, arms)
        runs.append(replace(run, arms=arms, quality=pool.quality[at], cost_usd=pool.cost_usd[at]))
    return replace(study, runs=tuple(runs))
