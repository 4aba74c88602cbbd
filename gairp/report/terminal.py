"""The report on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gairp.report.grid import (
    Grid,
    calibration_grid,
    detail_grid,
    outcome_grid,
    sensitivity_grid,
    shares_grid,
)
from gairp.report.summary import Summary
from gairp.report.verdict import other_verdicts, verdict
from gairp.report.world.write import WorldReport

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

_PIPE_WIDTH = 160  #: columns where nobody says how wide the output is
_WIDE = 150  #: columns that a value and its interval need on one line


def print_report(summary: Summary, console: Console | None = None) -> None:
    """Print the tables, then the verdicts: the last line is the primary policy's."""
    from rich.console import Console

    console = _wide_enough(console or Console())
    title = f"{summary.study.name}: {summary.prompts:,} prompts compared"
    grids = [
        (title, outcome_grid(summary)),
        ("latency, regret (Σ utility), AIQ, coverage", detail_grid(summary)),
        ("share of requests per arm", shares_grid(summary)),
        ("calibration of predicted quality", calibration_grid(summary)),
        (f"gain vs {summary.against}: sensitivity (assumed)", sensitivity_grid(summary)),
    ]
    for title, grid in grids:
        if grid is not None:
            console.print(_table(grid, title, narrow=console.width < _WIDE))
    for note in summary.study.notes:
        console.print(f"Note: {note}", markup=False, highlight=False)
    for other in other_verdicts(summary):
        console.print(other.line, markup=False, highlight=False, soft_wrap=True)
    line = verdict(summary).line
    console.print(line, style="bold", markup=False, highlight=False, soft_wrap=True)


def print_world_report(report: WorldReport, name: str, console: Console | None = None) -> None:
    """Print the table of policies, then the verdict: of a study in a world that changes."""
    from rich.console import Console

    console = _wide_enough(console or Console())
    console.print(_table(report.grid, f"{name}: means a request", narrow=console.width < _WIDE))
    console.print(report.verdict, style="bold", markup=False, highlight=False, soft_wrap=True)


def _wide_enough(console: Console) -> Console:
    if not console.is_terminal:
        console.width = max(console.width, _PIPE_WIDTH)
    return console


def _table(grid: Grid, title: str, *, narrow: bool) -> Table:
    """In a `narrow` one an interval stands whole below its value."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(grid.header):
        justify: JustifyMethod = "right" if i else "left"
        table.add_column(Text(name), justify=justify, overflow="fold", no_wrap=not i)
    for line in grid.lines:
        table.add_row(*(Text(_folded(cell) if narrow else cell) for cell in line))
    return table


def _folded(cell: str) -> str:
    """Lines are broken at spaces: none within the brackets, nor between percentiles."""
    value, bracket, ends = cell.replace(" / ", "/").partition(" [")
    return f"{value}\n[{ends.replace(', ', ',')}" if bracket else value
