"""What came of it, as a table: on the terminal and as a file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from gairp.runners.replay_log.challenge import Challenge
from gairp.runners.replay_log.repetition import Repetition

Row = tuple[str, ...]
IDENTITY: Row = (
    *("log", "learner", "decisions", "learned", "identical arms", "identical propensities"),
    *("identical decisions", "first difference"),
)
AGREEMENT: Row = (
    *("log", "learner", "challenger", "decisions", "learned", "same arm"),
    "probability of the logged arm",
)


def identity_row(log: str, it: Repetition) -> Row:
    """A row of IDENTITY."""
    counts = (it.decisions, it.learned, it.same_arm, it.same_propensity, it.same)
    return log, it.opened.learner, *map(str, counts), it.first or ""


def agreement_row(log: str, it: Challenge) -> Row:
    """A row of AGREEMENT; shares of the decisions, "—" where there is none."""
    share = f"{it.same_arm / it.decisions:.4f}" if it.decisions else "—"
    probability = f"{it.probability:.4f}" if it.decisions else "—"
    counts = (str(it.decisions), str(it.learned))
    return log, it.opened.learner, it.name, *counts, share, probability


def write_csv(path: Path, header: Row, rows: Sequence[Row]) -> None:
    """The table as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def print_table(header: Row, rows: Sequence[Row]) -> None:
    """The table on the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 200)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in header:
        numeric = all(row[header.index(name)].replace(".", "").isdigit() for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
