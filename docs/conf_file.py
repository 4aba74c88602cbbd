"""One YAML file of the configuration, with its comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: Keys that belong to Hydra.
_HYDRA = ("defaults", "hydra", "_target_")


@dataclass(frozen=True, slots=True)
class Key:
    """One setting."""

    path: str  #: dotted
    default: str  #: as written; "" for a section of further keys
    comment: str


@dataclass(frozen=True, slots=True)
class ConfFile:
    """What one file says: to the reader in comments, to the program in keys."""

    path: Path
    header: str  #: the comment that opens the file
    values: dict[str, Any]
    keys: tuple[Key, ...]  #: in order, Hydra's own left out

    @property
    def name(self) -> str:
        """The option that the file is."""
        return self.path.stem

    @property
    def target(self) -> str | None:
        """The class that the file configures, where it does."""
        target = self.values.get("_target_")
        return None if target is None else str(target)


def read(path: Path) -> ConfFile:
    """Read a file; raises ValueError where it holds no mapping."""
    text = path.read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"{path}: not a mapping of keys to values")
    lines = text.splitlines()
    header = _header(lines)
    return ConfFile(
        path=path,
        header=_joined(lines[:header]),
        values=yaml.safe_load(text),
        keys=tuple(_keys(node, text, lines, header, "")),
    )


def _header(lines: list[str]) -> int:
    """How many lines the opening comment has."""
    for number, line in enumerate(lines):
        if not line.startswith("#"):
            return number
    return len(lines)


def _keys(
    node: yaml.MappingNode, text: str, lines: list[str], first: int, prefix: str
) -> Iterator[Key]:
    for key, value in node.value:
        if key.value in _HYDRA:
            continue
        path = f"{prefix}{key.value}"
        comment = _above(lines, key.start_mark.line, first) or _beside(lines, key, value)
        if _is_section(value):
            if comment:
                yield Key(path, "", comment)
            yield from _within(value, text, lines, first, path)
        else:
            yield Key(path, _written(value, text), comment)


def _within(value: yaml.Node, text: str, lines: list[str], first: int, path: str) -> Iterator[Key]:
    if isinstance(value, yaml.MappingNode):
        yield from _keys(value, text, lines, first, f"{path}.")
    else:
        for place, item in enumerate(value.value):
            yield from _keys(item, text, lines, first, f"{path}.{place}.")


def _is_section(value: yaml.Node) -> bool:
    """Whether further keys stand below, each on a line of its own."""
    if isinstance(value, yaml.SequenceNode):
        return any(isinstance(item, yaml.MappingNode) for item in value.value)
    return isinstance(value, yaml.MappingNode) and not value.flow_style


def _written(value: yaml.Node, text: str) -> str:
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        return "[" + ", ".join(_written(item, text) for item in value.value) + "]"
    return " ".join(text[value.start_mark.index : value.end_mark.index].split())


def _above(lines: list[str], line: int, first: int) -> str:
    """The comment right above a line, as far as it is not the opening one."""
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    start = line
    while start > first and lines[start - 1].startswith(f"{indent}#"):
        start -= 1
    return _joined(lines[start:line])


def _beside(lines: list[str], key: yaml.Node, value: yaml.Node) -> str:
    """The comment behind a value, or behind the key of a section."""
    end = value.end_mark if value.end_mark.line == value.start_mark.line else key.end_mark
    if _is_section(value):
        end = key.end_mark
    _, mark, comment = lines[end.line][end.column :].partition(" #")
    return comment.strip() if mark else ""


def _joined(lines: list[str]) -> str:
    """Comment lines as one text: an indented line is a command, what is for Hydra is left out."""
    texts = []
    for line in lines:
        text = line.strip().removeprefix("#")
        if text.strip() and not text.strip().startswith("@package"):
            texts.append(f"`{text.strip()}`." if text.startswith("   ") else text.strip())
    return " ".join(texts)
