"""Every registered dataset, read from the YAML files that ship with the package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from gairp.errors import ConfigError, UnknownNameError
from gairp.traces.registry.dataset import DatasetSpec


def names() -> tuple[str, ...]:
    """Names of all registered datasets, sorted."""
    return tuple(sorted(_files()))


@cache
def spec(name: str) -> DatasetSpec:
    """What is registered under `name`.

    Raises UnknownNameError, listing the names that exist.
    """
    files = _files()
    if name not in files:
        raise UnknownNameError("dataset", name, files)
    return parse(name, files[name].read_text(encoding="utf-8"))


def parse(name: str, text: str) -> DatasetSpec:
    """The spec that a YAML text holds; raises ConfigError naming the key that is wrong."""
    import msgspec
    import yaml

    # The C parser is some ten times faster, which the file lists of large datasets need.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        values = yaml.load(text, Loader=loader)
        return msgspec.convert({"name": name, **values}, DatasetSpec)
    except (yaml.YAMLError, TypeError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"registry file {name}.yaml: {error}; docs/data.md shows the keys of a dataset"
        ) from error


@cache
def _files() -> dict[str, Traversable]:
    folder = resources.files("gairp.traces.registry") / "yaml"
    return {
        entry.name.removesuffix(".yaml"): entry
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    }
