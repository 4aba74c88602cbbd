"""Task generators: seeded questions with answers that a program can check, one family a file."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from gairp.errors import UnknownNameError
from gairp.traces.tasks.family import Family, Item
from gairp.traces.tasks.task import Shot, Task

__all__ = ["Family", "Item", "Shot", "Task", "families", "generate_all"]


def families() -> dict[str, Family]:
    """Every family found in this package, by name, in alphabetical order."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    found = {cls.name: cls() for cls in Family.__subclasses__()}
    return dict(sorted(found.items()))


def generate_all(*, seed: int, per_family: int, names: Iterable[str] | None = None) -> list[Task]:
    """`per_family` tasks of each named family (all by default), family after family.

    Raises UnknownNameError for a family that does not exist.
    """
    known = families()
    wanted = list(known if names is None else names)
    for name in wanted:
        if name not in known:
            raise UnknownNameError("task family", name, known)
    return [task for name in wanted for task in known[name].generate(seed, per_family)]
