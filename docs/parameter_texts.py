"""What the code itself says of a class, of its parameters and fields."""

from __future__ import annotations

import importlib
import inspect
import re

_ENTRY = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>.+)")
_FIELD = re.compile(r"\s*(?P<name>\w+):[^#]*#: (?P<text>.+)")


def first_sentence(target: str) -> str:
    """The first line of the module's docstring: it names the method and its source."""
    module = importlib.import_module(load(target).__module__)
    return (module.__doc__ or "").strip().splitlines()[0]


def parameter_texts(target: str) -> dict[str, str]:
    """Parameter -> meaning, as the class or a class above it says.

    It is said in `name: text` entries of a docstring, which go on in lines that are indented
    further, or behind `#:` on a field. `a, b: text` is about both, and "; " parts two entries.
    """
    texts: dict[str, str] = {}
    for above in reversed(load(target).__mro__[:-1]):
        texts |= _texts(above)
    return texts


def load(target: str) -> type:
    """The class of a dotted name."""
    module, _, name = target.rpartition(".")
    found: type = getattr(importlib.import_module(module), name)
    return found


def _texts(one: type) -> dict[str, str]:
    texts: dict[str, str] = {}
    for line in inspect.getsource(one).splitlines():
        if match := _FIELD.fullmatch(line):
            texts[match["name"]] = match["text"]
    for line in _entries(inspect.cleandoc(one.__doc__ or "")):
        for part in re.split(r"; (?=\w+: )", line):
            if match := _ENTRY.fullmatch(part):
                texts |= dict.fromkeys(match["names"].split(", "), match["text"])
    return texts


def _entries(doc: str) -> list[str]:
    """The docstring's lines, each with what goes on indented below it."""
    entries: list[str] = []
    for line in doc.splitlines():
        if line.startswith("  ") and entries:
            entries[-1] += " " + line.strip()
        else:
            entries.append(line)
    return entries
