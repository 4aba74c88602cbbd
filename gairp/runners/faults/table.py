"""The fault table as CSV, on the terminal, and on a page of the documentation."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gairp.runners.faults.cell import Cell

Row = Mapping[str, str]
_COLUMNS = (
    *("fault", "strikes", "backend", "saw", "calls", "charged", "billed", "held"),
    *("lost", "twice", "hidden", "uncovered"),
)
#: Column of the page -> its heading.
_SHOWN = {
    "fault": "fault", "strikes": "strikes", "backend": "backends", "saw": "what the caller saw",
    "calls": "calls", "charged": "server charged", "billed": "we billed", "held": "held",
    "lost": "answers lost", "twice": "billed twice",
}  # fmt: skip


def rows(cells: Iterable[Cell]) -> list[Row]:
    """One a cell, all as text."""
    return [{name: _text(cell, name) for name in _COLUMNS} for cell in cells]


def write_csv(table: Sequence[Row], path: Path) -> None:
    """The table as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def read_csv(path: Path) -> list[Row]:
    """The table as it was written."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def merged(table: Iterable[Row]) -> list[Row]:
    """Rows that differ in the backend alone are one, and then those that differ in `strikes`."""
    table = list(table)
    backends = len({row["backend"] for row in table})
    found = _joined(table, "backend")
    found = [{**row, "backend": _all(row["backend"], backends)} for row in found]
    return [
        {**row, "strikes": "either" if ", " in row["strikes"] else row["strikes"]}
        for row in _joined(found, "strikes")
    ]


def _joined(table: Iterable[Row], column: str) -> list[Row]:
    groups: dict[tuple[str, ...], list[str]] = {}
    names = [name for name in _COLUMNS if name != column]
    for row in table:
        groups.setdefault(tuple(row[name] for name in names), []).append(row[column])
    return [
        {**dict(zip(names, key, strict=True)), column: ", ".join(values)}
        for key, values in groups.items()
    ]


def _all(names: str, count: int) -> str:
    return "all" if names.count(", ") + 1 == count else names


def markdown(table: Sequence[Row]) -> str:
    """For a page: rows that are alike for several backends are one."""
    lines = ["| " + " | ".join(_SHOWN.values()) + " |", "|" + "---|" * len(_SHOWN)]
    last = ""
    for row in merged(table):
        shown = {**row, "fault": "" if row["fault"] == last else f"`{row['fault']}`"}
        lines.append("| " + " | ".join(shown[name] for name in _SHOWN) + " |")
        last = row["fault"]
    return "\n".join(lines)


def print_table(table: Sequence[Row]) -> None:
    """On the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 200)
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, heading in _SHOWN.items():
        words = name in ("fault", "strikes", "backend", "saw")
        shown.add_column(heading, justify="left" if words else "right", overflow="fold")
    for row in merged(table):
        shown.add_row(*(Text(row[name].replace("`", "")) for name in _SHOWN))
    console.print(shown)


def _text(cell: Cell, name: str) -> str:
    value = getattr(cell, name, None)
    return str(getattr(cell.account, name) if value is None else value)
