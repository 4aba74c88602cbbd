"""Every file in conf/policy says where it goes, and builds its policy as a run does."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from gairp.errors import MissingDependencyError
from gairp.rewards import Utility
from tests.contracts.policy_cases import CONF, EXAMPLES, policy_files

FILES = policy_files()


def test_the_files_are_there() -> None:
    own = {"random", "linucb", "lin_ts", "ucb1", "epsilon_greedy", "thompson", "thompson_gaussian"}
    assert own <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_names_its_place_and_its_parameters(name: str) -> None:
    assert (CONF / f"{name}.yaml").read_text().startswith(f"# @package policies.{name}\n")
    config = dict(FILES[name])
    module, _, cls = config.pop("_target_").rpartition(".")
    parameters = inspect.signature(getattr(import_module(module), cls)).parameters
    known = set(parameters) - {"utility", "name"}
    assert set(config) <= known
    required = {key for key in known if parameters[key].default is inspect.Parameter.empty}
    assert required <= set(config)


@pytest.mark.parametrize("name", FILES)
def test_a_file_builds_its_policy(name: str) -> None:
    from hydra.utils import instantiate

    config = {key: value for key, value in FILES[name].items() if value != "???"}
    cls = config["_target_"].rpartition(".")[2]
    if len(config) < len(FILES[name]):  # a value that a study must give
        config |= next(iter(EXAMPLES[cls].values()))()
    utility = Utility(cost_weight=0.5)
    try:
        policy = instantiate(config, utility=utility, name=name, _convert_="all")
    except Exception as error:
        # Hydra wraps what the constructor raised.
        if isinstance(error.__cause__, MissingDependencyError):
            pytest.skip(str(error.__cause__))
        raise
    assert policy.name == name
    assert policy.utility.describe() == utility.describe()
