"""What a study's settings must be like before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from inspect import signature
from typing import Any

from gairp.errors import ConfigError, UnknownNameError
from gairp.rewards import Utility
from gairp.runners.replay.job import Protocol

_KEYS = (
    *("name", "seed", "primary", "comparators", "floor", "sweep", "study_seed", "bootstrap"),
    *("workers", "record", "tracking", "out", "runner"),
    *("scenario", "feedback", "capacity", "fallbacks", "adaptation"),
    *("train_trace", "trace", "features", "utility", "protocol", "policies"),
)
_TRACE = (
    *("name", "dataset", "path", "prompts", "layout", "columns", "signals", "where", "arms"),
    *("missing", "assume", "cost", "prices", "split", "duplicates"),
)


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the policies that were chosen; UnknownNameError for a key that is none.

    Hydra appends any `+key=value`, so that a misspelt `+experimnt=NAME` would run another study.
    An experiment may set parameters of a policy that the command then leaves out: without a class
    these are nobody's.
    """
    known = {
        "": _KEYS,
        "trace.": _TRACE,
        "utility.": tuple(signature(Utility).parameters),
        "protocol.": tuple(field.name for field in fields(Protocol)),
    }
    if settings["train_trace"] is not None:
        known["train_trace."] = _TRACE
    for place, names in known.items():
        section = settings[place[:-1]] if place else settings
        for key in section:
            if key not in names:
                raise UnknownNameError("key", f"{place}{key}", [place + name for name in names])
    if settings["record"] not in (False, True, "log"):
        raise UnknownNameError("value of record", str(settings["record"]), ["false", "true", "log"])
    return {**settings, "policies": chosen_policies(settings)}


def chosen_policies(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The policies that have a class, or are in the registry."""
    policies = settings["policies"].items()
    return {name: c for name, c in policies if "_target_" in c or "uri" in c}


def seeds_of(value: object) -> list[int]:
    """The seeds of a study: one number or a list. ConfigError for anything else."""
    seeds: list[Any] = value if isinstance(value, list) else [value]
    for seed in seeds:
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise ConfigError(
                f"seed: {seed!r} is no seed; give whole numbers from 0 on, such as seed=3 or "
                "seed=[0,1,2]"
            )
    if not seeds or len(set(seeds)) < len(seeds):
        raise ConfigError(f"seed: {seeds} is empty or names a seed twice; give each seed once")
    return seeds
