"""What commands print: a table for people, JSON Lines and CSV for programs."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def formats(parser: argparse.ArgumentParser) -> None:
    """The flags that choose among them."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--json", action="store_true", help="a JSON object a line")
    chosen.add_argument("--csv", action="store_true", help="comma-separated values, with a head")


def show(options: argparse.Namespace, head: Sequence[str], rows: Rows) -> None:
    """Rows as the flags say; `head` names the columns, in order."""
    if options.json:
        for row in rows:
            print(json.dumps(row))
    elif options.csv:
        writer = csv.DictWriter(sys.stdout, list(head), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: _cell(row[name]) for name in head} for row in rows)
    else:
        _print_table(head, [[_text(row[name]) for name in head] for row in rows])


def moment(at: float | None) -> str | None:
    """Unix time as ISO 8601, UTC, in seconds."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.9f}" if isinstance(value, float) else str(_cell(value)) or "-"


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    names = [name.replace("_", " ") for name in head]
    widths = [max(len(row[i]) for row in (names, *rows)) for i in range(len(names))]
    for row in (names, *rows):
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
