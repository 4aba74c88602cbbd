"""Finds every policy there is, and builds it.

A concrete `BasePolicy` in `gairp.policies` is found by walking the package. Its cases are the
files of `conf/policy` that name it and its entries in `EXAMPLES`; a class with neither is built
from its defaults. A new policy is thus tested by existing.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import gairp.policies
from gairp.errors import MissingDependencyError
from gairp.policies.base import BasePolicy, GreedyPolicy
from gairp.policies.learned.logistic import Logistic
from gairp.policies.linucb import LinUCB
from gairp.policies.thompson_beta import ThompsonBeta
from gairp.protocols import Trainable
from gairp.rewards import Utility

CONF = Path(__file__).resolve().parents[2] / "conf" / "policy"

#: Class name -> label -> constructor arguments, for what the files in conf/policy do not say: a
#: required argument (`???` there) or a setting worth testing beside the default. The arms of the
#: tests are in policy_world.py.
EXAMPLES: dict[str, dict[str, Callable[[], dict[str, Any]]]] = {
    "BudgetPacer": {
        "paced": lambda: {"policy": LinUCB(), "budget_usd": 0.03, "requests": 100},
        "paced_thompson": lambda: {
            "policy": ThompsonBeta(),
            "budget_usd": 0.03,
            "requests": 100,
            "window": 50,
        },
    },
    "LatencySLO": {"slow": lambda: {"policy": LinUCB(), "seconds": 0.4, "share": 0.3}},
    "RequestCap": {"capped": lambda: {"policy": LinUCB(), "cap_usd": 0.01}},
    "TargetCost": {"target": lambda: {"policy": ThompsonBeta(), "target_usd": 3e-4, "step": 1e-3}},
    "CascadeRouting": {
        "signed": lambda: {"signals": ["sign"], "longest": 2},
        "routed": lambda: {"signals": ["sign"], "router": Logistic()},
    },
    "Chain": {"verified": lambda: {"verify": "sign", "models": {"large": "huge"}}},
    "EpsilonGreedy": {"decaying": lambda: {"epsilon": 0.5, "decay": 0.05}},
    "ExplorationFloor": {
        "floor_linucb": lambda: {"policy": LinUCB()},
        "floor_thompson": lambda: {"policy": ThompsonBeta(), "floor": 0.2},
    },
    # Without its file it is a policy that nobody has trained: here one that needs no training.
    "Fitted": {"learner": lambda: {"policy": LinUCB(), "file": "absent.state"}},
    "Fixed": {"tiny": lambda: {"arm": "tiny"}},
    "GreedyLinear": {"quality": lambda: {"predict": "quality", "ridge": 1.0}},
    "MixOnTrain": {"target": lambda: {"target_cost_usd": 3e-4}},
    "Mixture": {"two_arms": lambda: {"weights": {"tiny": 1.0, "huge": 3.0}}},
    "ThompsonBeta": {"wide": lambda: {"prior_a": 0.5, "prior_b": 0.5, "low": -1.0}},
}

#: Comparators that are bound to certain arms: they refuse candidates without any of them.
BOUND_TO_ARMS = {"Fixed", "MixOnTrain", "Mixture"}

#: Policies whose state a completion changes, before its feedback or without it.
REMEMBER_COMPLETIONS = {"BudgetPacer", "LatencySLO", "TargetCost"}


@dataclass(frozen=True)
class Case:
    """One way to build one policy."""

    policy: type[BasePolicy]
    label: str
    arguments: Callable[[], dict[str, Any]]

    def build(self, *, utility: Utility | None = None) -> BasePolicy:
        """A new policy, named after the case."""
        return self.policy(**self.arguments(), utility=utility, name=self.label)

    @property
    def kinds(self) -> set[str]:
        """Of what kind the policy is; all kinds where it cannot be built, for the test to say."""
        try:
            policy = self.build()
        except (MissingDependencyError, TypeError):
            return {"learner", "greedy", "trainable"}
        kinds = {
            "learner": policy.learns,
            "greedy": isinstance(policy, GreedyPolicy),
            "trainable": isinstance(policy, Trainable),
        }
        return {kind for kind, holds in kinds.items() if holds}

    def __str__(self) -> str:
        return f"{self.policy.__name__}-{self.label}"


def policy_classes() -> list[type[BasePolicy]]:
    """Every concrete policy defined in `gairp.policies`, by name."""
    found: dict[str, type[BasePolicy]] = {}
    for module in pkgutil.walk_packages(gairp.policies.__path__, "gairp.policies."):
        for _, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if (
                issubclass(value, BasePolicy)
                and not inspect.isabstract(value)
                and value.__module__ == module.name
            ):
                found[value.__name__] = value
    return [found[name] for name in sorted(found)]


def policy_files() -> dict[str, dict[str, Any]]:
    """The YAML files of the Hydra group `policy` that name a class, by name."""
    found = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(CONF.glob("*.yaml"))}
    return {name: config for name, config in found.items() if "_target_" in config}


def cases() -> list[Case]:
    """All cases of all policies."""
    files = policy_files()
    return [case for cls in policy_classes() for case in _cases_of(cls, files)]


def _cases_of(cls: type[BasePolicy], files: dict[str, dict[str, Any]]) -> Iterator[Case]:
    target = f"{cls.__module__}.{cls.__qualname__}"
    count = 0
    for name, config in files.items():
        if config["_target_"] == target and "???" not in config.values():
            yield Case(cls, name, _from_file(name))
            count += 1
    for label, arguments in EXAMPLES.get(cls.__name__, {}).items():
        yield Case(cls, label, arguments)
        count += 1
    if not count:
        yield Case(cls, "defaults", dict)


def _from_file(name: str) -> Callable[[], dict[str, Any]]:
    def arguments() -> dict[str, Any]:
        from hydra.utils import instantiate
        from omegaconf import OmegaConf

        config = OmegaConf.load(CONF / f"{name}.yaml")
        given = {key: value for key, value in config.items() if key != "_target_"}
        return dict(instantiate(given, _convert_="all"))

    return arguments
