"""Every option of every group composes and builds; every experiment composes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

from gairp.errors import MissingDependencyError
from gairp.policies.base import BasePolicy
from gairp.rewards import Utility
from gairp.run import CONF
from gairp.runners.hints import unknown_keys, unknown_options
from gairp.runners.replay.job import Protocol


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(*overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", list(overrides))
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {str(key): value for key, value in plain.items()}


#: What some policies must be told.
REQUIRED = {
    "fixed": ["policies.fixed.arm=a"],
    "mixture": ["policies.mixture.weights={a: 0.5, b: 0.5}"],
}


#: Named by an address in the registry, not by a class: tests/runners/train has them.
REGISTERED = {"registered"}


@pytest.mark.parametrize("name", sorted({*options("policy")} - REGISTERED))
def test_every_policy_builds(name: str) -> None:
    config = composed(f"policy={name}", *REQUIRED.get(name, []))["policies"][name]
    try:
        policy = instantiate(config, utility=Utility(), name=name, _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, MissingDependencyError):
            pytest.skip(str(error.__cause__))
        raise
    assert isinstance(policy, BasePolicy)
    assert policy.name == name


@pytest.mark.parametrize("name", options("utility"))
def test_every_utility_builds(name: str) -> None:
    config = composed(f"utility={name}")["utility"]
    assert Utility(**config).describe() == config


@pytest.mark.parametrize("name", options("protocol"))
def test_every_protocol_builds(name: str) -> None:
    protocol = Protocol(**composed(f"protocol={name}")["protocol"])
    assert protocol.report == "test"


@pytest.mark.parametrize("name", sorted({*options("features")} - REGISTERED))
def test_every_feature_builder_builds(name: str) -> None:
    builder = instantiate(composed(f"features={name}")["features"], _convert_="all")
    assert builder.recipe()


@pytest.mark.parametrize("name", options("experiment"))
def test_every_experiment_composes(name: str) -> None:
    config = composed(f"+experiment={name}")
    assert hasattr(get_class(config["runner"]["_target_"]), "from_config")
    assert config["primary"] is None or config["primary"] in config["policies"]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['gairp.run', '--help']\n"
        "from gairp.run import start\n"
        "try:\n    start()\nexcept SystemExit:\n    pass\n"
        "heavy = {'mlflow', 'numba', 'sklearn', 'torch', 'pandas'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "python -m gairp.run +experiment=NAME" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gairp.run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_an_unknown_option_fails_with_what_exists(tmp_path: Path) -> None:
    done = run("policy=oracle", cwd=tmp_path)
    assert done.returncode != 0
    assert "linucb" in done.stderr


def test_an_unknown_key_fails_with_what_exists(tmp_path: Path) -> None:
    done = run("utility.cost_wieght=0.3", cwd=tmp_path)
    assert done.returncode != 0
    assert "did you mean utility.cost_weight?" in done.stderr
    assert "utility.latency_weight" in done.stderr


def test_a_setting_that_must_be_given_is_named(tmp_path: Path) -> None:
    done = run("policy=fixed", "tracking.uri=sqlite:///runs.db", cwd=tmp_path)
    assert done.returncode == 2
    assert "policies.fixed.arm must be set" in done.stderr


def test_hints_leave_known_keys_alone() -> None:
    assert unknown_keys(["utility.cost_weight=0.3", "policy=random", "seed=[1]"], CONF) == []
    (hint,) = unknown_keys(["sead=1"], CONF)
    assert "did you mean seed?" in hint
    several = ["scenario=[price_change,outage]", "scenario.outage.share=0.5"]
    assert unknown_keys(several, CONF) == []
    (hint,) = unknown_keys([*several, "scenario.price_change.facter=2"], CONF)
    assert "(did you mean scenario.price_change.factor?)" in hint
    (hint,) = unknown_keys(["polcy=linucb"], CONF)
    assert "did you mean policies?" in hint or "did you mean policy?" in hint
    assert "policy, " in hint


def test_an_unknown_option_of_a_group_is_named_with_those_that_exist() -> None:
    known = ["policy=[random, linucb]", "capacity=null", "trace@train_trace=mmlu_pro", "seed=[1]"]
    assert unknown_options(known, CONF) == []
    (hint,) = unknown_options(["+experiment=quickstart", "policy=[random,linucbb]"], CONF)
    assert hint.startswith("error: no policy 'linucbb' (did you mean linucb?); there are: ")
    assert ", lin_ts, linucb, " in hint


def test_what_a_constructor_refuses_is_one_line(tiny_tables: Path, tmp_path: Path) -> None:
    """Hydra wraps our errors, and processes lose what was wrapped."""
    tables = [f"trace.path={tiny_tables / 'outcomes.parquet'}",
              f"trace.prompts={tiny_tables / 'prompts.parquet'}"]  # fmt: skip
    done = run(
        "+experiment=custom", *tables, "policy=knn", "policies.knn.k=-3", "seed=[0,1]", "workers=2",
        "tracking.uri=sqlite:///runs.db", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert "policy 'knn', seed 0: knn.k is -3; give at least 1 neighbour" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_one_process_a_failing_job_of_a_sweep_does_not_stop_the_others(tmp_path: Path) -> None:
    done = run("-m", "hydra/launcher=basic", "+experiment=quickstart", "seed=-1,-2", cwd=tmp_path)
    assert done.returncode != 0
    assert "seed: -1 is no seed" in done.stderr
    assert "seed: -2 is no seed" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failing_job_of_a_sweep_does_not_stop_the_others(
    tiny_tables: Path, tmp_path: Path
) -> None:
    done = run(
        "-m",
        "hydra/launcher=joblib",
        "+experiment=custom",
        f"trace.path={tiny_tables / 'outcomes.parquet'}",
        f"trace.prompts={tiny_tables / 'prompts.parquet'}",
        "policy=random",
        "seed=-1,0",
        "bootstrap.draws=20",
        "tracking.uri=sqlite:///runs.db",
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "seed: -1 is no seed" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(list(tmp_path.glob("multirun/*/*/1/report/summary.csv"))) == 1
