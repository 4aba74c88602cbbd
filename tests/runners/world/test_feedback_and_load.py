"""Feedback models, arrival processes and capacities with learners: they run and repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.runners.replay.job import Protocol
from tests.runners.world.stage import (
    LEARNERS,
    OVERLAPPING,
    REQUESTS,
    composed,
    config_of,
    options,
    repeats,
    world_run,
)

pytestmark = pytest.mark.filterwarnings("ignore")

LINUCB = {"_target_": "gairp.policies.linucb.LinUCB"}


@pytest.mark.parametrize("name", options("feedback"))
def test_every_learner_copes_with_its_feedback(name: str, tmp_path: Path) -> None:
    feedback = composed(f"feedback={name}")["feedback"]
    assert list(feedback) == [name]
    # A third of the learners each: all are met three times, in less time.
    for case in LEARNERS[options("feedback").index(name) % 3 :: 3]:
        run = world_run(
            config_of(case), policy=case.label, feedback=feedback, protocol=OVERLAPPING,
            log=str(tmp_path / case.label),
        )  # fmt: skip
        known = ~np.isnan(run["told"])
        assert 0 < known.sum() <= len(known)
        assert ((run["told"][known] >= 0) & (run["told"][known] <= 1)).all()
        assert np.isfinite(run["quality"]).all()
    repeats(tmp_path, tmp_path / "again")


def test_feedback_models_compose_and_the_truth_is_reported() -> None:
    feedback = composed("feedback=[judge,angry,delay]")["feedback"]
    assert list(feedback) == ["judge", "angry", "delay"]
    run = world_run(LINUCB, feedback=feedback, protocol=OVERLAPPING)
    known = ~np.isnan(run["told"])
    assert 0.05 < known.mean() < 0.6
    assert (run["told_after_s"][known] > 0).all()
    assert (run["told"] != run["quality"])[known].any()


@pytest.mark.parametrize("name", [n for n in options("capacity") if n != "llmperf"])
@pytest.mark.parametrize("case", LEARNERS[:3], ids=str)
def test_capacities_repeat_with_the_load_that_was_seen(
    name: str, case: Any, tmp_path: Path
) -> None:
    capacity = composed(f"capacity={name}")["capacity"]
    run = world_run(
        config_of(case), capacity={**capacity, "places": 1}, protocol=OVERLAPPING,
        log=str(tmp_path / "log"),
    )  # fmt: skip
    assert (run["latency_s"][run["quality"] > 0] > 0).all()
    repeats(tmp_path / "log", tmp_path / "again")


@pytest.mark.parametrize("name", ["poisson", "regular", "gamma", "closed_loop"])
@pytest.mark.parametrize(
    "policy", ["least_outstanding", "two_choices", "latency_penalised", "load_slo"]
)
def test_policies_that_look_at_load_repeat(name: str, policy: str, tmp_path: Path) -> None:
    config = composed(f"arrivals={name}", "capacity=measured", f"policy={policy}")
    protocol = Protocol(learn=None, arrivals=config["protocol"]["arrivals"])
    run = world_run(
        config["policies"][policy], capacity={**config["capacity"], "places": 1},
        protocol=protocol, log=str(tmp_path / "log"),
    )  # fmt: skip
    assert len(run["row"]) == REQUESTS
    repeats(tmp_path / "log", tmp_path / "again")


def test_late_feedback_needs_requests_that_overlap() -> None:
    feedback = composed("feedback=delay")["feedback"]
    with pytest.raises(ConfigError, match="come one at a time wait for it"):
        world_run(LINUCB, feedback=feedback)
