"""YAML that remembers where each value stands, so that an error can name line and column."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from gairp.errors import ConfigError

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Counted from 1."""

    line: int
    column: int


class Document:
    """Plain values, and their places in the file `name`."""

    def __init__(self, text: str, name: str) -> None:
        """Raises ConfigError for what is no YAML, or holds a key twice."""
        self.name = name
        self._places: dict[Path, Place] = {}
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
            raise ConfigError(f"{name}{where}: {error.problem or error}") from None
        self.values: Any = None if node is None else self._value(node, ())

    def error(self, path: Path, message: str) -> ConfigError:
        """An error at the value of a path, or at the nearest one above it that is there."""
        while path and path not in self._places:
            path = path[:-1]
        place = self._places.get(path, Place(1, 1))
        return ConfigError(f"{self.name}:{place.line}:{place.column}: {message}")

    def at(self, path: Path) -> Place:
        """Where a value begins."""
        return self._places.get(path, Place(1, 1))

    def _value(self, node: yaml.Node, path: Path) -> Any:
        mark = node.start_mark
        self._places[path] = Place(mark.line + 1, mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                if key in found:
                    raise self.error(path, f"the key {key!r} occurs twice")
                found[key] = self._value(value_node, (*path, key))
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self._value(one, (*path, i)) for i, one in enumerate(node.value)]
        return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    finally:
        loader.dispose()
