"""Every scenario with every learner: it runs, it is told truly, and its log repeats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gairp.replay.scenario.model_arrival import ModelArrival
from gairp.replay.scenario.outage import Outage
from gairp.report.world.study import WorldRun
from tests.runners.replay_log.world import prepared
from tests.runners.world.stage import LEARNERS, composed, config_of, options, repeats, world_run

pytestmark = pytest.mark.filterwarnings("ignore")

LINUCB = {"_target_": "gairp.policies.linucb.LinUCB"}
RANDOM = {"_target_": "gairp.policies.random.Random"}


@pytest.mark.parametrize("name", options("scenario"))
def test_every_learner_lives_through_it_and_its_log_repeats(name: str, tmp_path: Path) -> None:
    scenario = composed(f"scenario={name}")["scenario"]
    assert list(scenario) == [name]
    for case in LEARNERS:
        log = tmp_path / case.label
        run = world_run(
            config_of(case), policy=case.label, scenario=scenario, fallbacks=1, log=str(log)
        )
        m = len(run["row"])
        assert m >= 30
        assert np.isfinite(run["utility"]).all()
        assert run["utilities"].shape == (m, 4)
        if not name.startswith(("slow_drift", "traffic_mix", "reprise")):
            _told_truly(run)
    repeats(tmp_path, tmp_path / "again")


def _told_truly(run: WorldRun) -> None:
    """A request that no other arm failed before is worth what its arm was worth then."""
    chosen = run["utilities"][np.arange(len(run["arm"])), run["arm"]]
    alone = np.isclose(run["utility"], chosen)
    assert alone.mean() > 0.6
    assert np.isfinite(chosen).all()


def test_scenarios_compose_in_the_order_given(tmp_path: Path) -> None:
    scenario = composed("scenario=[quality_drift,price_change,outage]")["scenario"]
    assert list(scenario) == ["quality_drift", "price_change", "outage"]
    run = world_run(LINUCB, scenario=scenario, log=str(tmp_path / "log"))
    assert sorted(set(run["segment"].tolist())) == [0, 1, 2, 3, 4, 5]
    repeats(tmp_path / "log", tmp_path / "again")


def test_an_outage_without_fallbacks_is_worth_nothing_and_with_them_something() -> None:
    scenario = {"outage": {"_target_": f"{Outage.__module__}.Outage", "arm": "huge"}}
    bare = world_run(RANDOM, scenario=scenario)
    huge = bare["arm"] == 3
    assert huge.mean() == pytest.approx(0.25, abs=0.1)
    assert (bare["quality"][huge] == 0.0).all()
    assert (bare["cost_usd"][huge] == 0.0).all()
    saved = world_run(RANDOM, scenario=scenario, fallbacks=1)
    assert (saved["arm"] != 3).all()
    table = prepared().outcomes
    expected = table.quality[saved["row"], saved["arm"]]
    np.testing.assert_array_equal(saved["quality"], expected)


def test_an_arm_that_arrives_is_unknown_before() -> None:
    event = {"_target_": f"{ModelArrival.__module__}.ModelArrival", "arm": "huge",
             "start": {"request": 30}}  # fmt: skip
    run = world_run(RANDOM, scenario={"model_arrival": event})
    assert (run["arm"][:30] != 3).all()
    assert (run["arm"][30:] == 3).any()
    assert np.isnan(run["utilities"][:30, 3]).all()
    assert np.isfinite(run["utilities"][30:, 3]).all()


def test_without_candidates_a_request_is_refused_and_worth_nothing() -> None:
    gone = {
        arm: {"_target_": "gairp.replay.scenario.model_retirement.ModelRetirement", "arm": arm}
        for arm in ("tiny", "small", "large", "huge")
    }
    run = world_run(RANDOM, scenario=gone)
    assert (run["arm"] == -1).all()
    assert (run["quality"] == 0.0).all()
    assert (run["utility"] == 0.0).all()
