"""What exists, for a command line that names something that does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gairp.errors import guess


def with_hints(main: Callable[[], None], conf: Path, name: str) -> None:
    """Run a Hydra program; where Hydra refuses a key or an option, say which there are."""
    try:
        main()
    except SystemExit as stop:
        if stop.code == 1:  # Hydra's: ours are others
            for line in hints(sys.argv[1:], conf, name):
                print(line, file=sys.stderr)
        raise


def hints(arguments: Sequence[str], conf: Path, name: str) -> list[str]:
    """One line for every option and every key on the command line that does not exist."""
    return unknown_options(arguments, conf) or unknown_keys(arguments, conf, name)


def unknown_options(arguments: Sequence[str], conf: Path) -> list[str]:
    """One line for every `group=option` whose option does not exist, with those that do."""
    lines = []
    for argument in arguments:
        group, value = conf / _name(argument), argument.partition("=")[2]
        if "=" not in argument or argument[0] == "~" or not group.is_dir():
            continue
        there = sorted(str(f.relative_to(group).with_suffix("")) for f in group.rglob("*.yaml"))
        for option in (one.strip() for one in value.strip("[]").split(",")):
            if option not in ("", "null", *there):
                near = guess(option, there)
                lines.append(
                    f"error: no {group.name} {option!r}{near}; there are: {', '.join(there)}"
                )
    return lines


def unknown_keys(arguments: Sequence[str], conf: Path, name: str = "run") -> list[str]:
    """One line for every `key=value` whose key does not exist, with the keys that do."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException

    groups = [a for a in arguments if "=" in a and (conf / _name(a)).is_dir() and not _sweeps(a)]
    keys = [a for a in arguments if "=" in a and not (conf / _name(a)).is_dir()]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            config = compose(name, overrides=groups)
    except HydraException:
        return []  # Hydra itself has said which options the group has.
    plain = [_name(a) for a in keys if a[0] not in "+~-" and not a.startswith("hydra")]
    names = sorted(folder.name for folder in conf.iterdir() if folder.is_dir())
    return [hint for key in plain if (hint := _hint(config, key, names))]


def _sweeps(argument: str) -> bool:
    """Whether it names several choices for as many runs, `policy=a,b`; `policy=[a,b]` is one."""
    value = argument.partition("=")[2]
    return "," in value and not value.startswith("[")


def _name(argument: str) -> str:
    return argument.partition("=")[0].lstrip("+~").partition("@")[0]


def _hint(config: Any, key: str, groups: Sequence[str]) -> str | None:
    from omegaconf import OmegaConf

    place, node = "", config
    for part in key.split("."):
        known = [str(k) for k in node] if hasattr(node, "keys") else []
        if part not in known:
            known += [] if place else [group for group in groups if group not in known]
            near = guess(part, known, before=place)
            there = ", ".join(place + k for k in sorted(known)) or "no keys"
            return f"error: no key {key!r}{near}; there are: {there}"
        if OmegaConf.is_missing(node, part):  # a mandatory key, which the command sets
            return None
        place, node = f"{place}{part}.", node[part]
    return None
