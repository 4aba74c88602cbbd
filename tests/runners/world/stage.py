"""A small world whose jobs are run to their end and whose logs are repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.report.world.study import WorldRun
from gairp.run import CONF
from gairp.runners.replay.job import Protocol
from gairp.runners.replay_log.runner import ReplayLogRunner
from gairp.runners.world.job import WorldJob, run_world_job
from tests.contracts.policy_cases import Case, cases, policy_files
from tests.runners.replay_log.world import prepared

LEARNERS = [case for case in cases() if "learner" in case.kinds]
COLD = Protocol(learn=None)
OVERLAPPING = Protocol(
    learn=None, arrivals={"_target_": "gairp.replay.arrivals.Poisson", "rate": 5.0}
)
REQUESTS = 50


def options(group: str) -> list[str]:
    """Every file of a group of the configuration."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(*overrides: str) -> dict[str, Any]:
    """The whole configuration as plain values."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", list(overrides))
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {str(key): value for key, value in plain.items()}


def config_of(case: Case) -> dict[str, Any]:
    """The configuration of a contract case: its file, where it has one."""
    from tests.runners.replay_log.test_identical import config_of

    files = policy_files()
    return files[case.label] if case.label in files else config_of(case)


def world_run(config: Mapping[str, Any], *, policy: str = "it", **job: Any) -> WorldRun:
    """One policy through one world of the small data."""
    settings = {"seed": 7, "utility": {"cost_weight": 0.1}, "protocol": COLD, **job}
    data = prepared()
    few = {**data.parts, "test": data.parts["test"][:REQUESTS]}
    job_of = WorldJob(policy=policy, config=config, **settings)
    return run_world_job(replace(data, parts=few), job_of)


def repeats(log: Path, out: Path) -> None:
    """Every decision of the log is the same again, bit for bit; DataError where one is not."""
    ReplayLogRunner(log=log, out=out).run()
