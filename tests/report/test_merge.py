"""Several studies over one pool become one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.report.merge import merge
from gairp.report.study import Run, Study

MakeRun = Callable[..., Run]


def test_one_study_stays_as_it_is(study: Study) -> None:
    assert merge([study]) == study


def test_policies_and_seeds_of_several(study: Study, make_run: MakeRun) -> None:
    other = replace(
        study,
        runs=(make_run([1] * 8, policy="q"), study.runs[0]),
        primary="q",
        comparators=("q",),
        notes=("assumed: 2",),
        facts={"data": "sha256:1234", "commit": "b"},
    )
    merged = merge([study, other])
    assert [(run.policy, run.seed) for run in merged.runs] == [("p", 0), ("p", 1), ("q", 0)]
    assert merged.primary == "p"
    assert merge([study, other], primary="q").primary == "q"
    assert merged.comparators == ("q",)
    assert merged.notes == ("assumed: output_tokens = 256", "assumed: 2")
    assert merged.facts == {"data": "sha256:1234", "commit": "b"}


def test_another_cost_weight_makes_a_sweep(study: Study) -> None:
    merged = merge([study, replace(study, utility={"cost_weight": 0.5})])
    assert [run.cost_weight for run in merged.runs] == [None, None]
    assert [run.cost_weight for run in merged.sweep] == [0.5, 0.5]


def test_other_pools_units_and_utilities_are_refused(study: Study) -> None:
    quality = study.pool.quality.copy()
    quality[0, 0] = 0.5
    for other, what in (
        (replace(study, pool=replace(study.pool, quality=quality)), "the pool of prompts and arms"),
        (replace(study, cost_unit="share of strong calls"), "the cost unit"),
        (replace(study, utility={"latency_weight": 1.0}), "the utility"),
    ):
        with pytest.raises(ConfigError, match=f"cannot share a report: {what}"):
            merge([study, other])


def test_two_different_runs_of_one_seed_are_refused(study: Study) -> None:
    changed = replace(study.runs[0], propensity=np.full(8, 0.25))
    with pytest.raises(ConfigError, match=r"different runs of policy 'p', seed 0"):
        merge([study, replace(study, runs=(changed,))])
