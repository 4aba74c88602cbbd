"""CSV files as tables. Every column stays text until the schema says that it is a number."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gairp.errors import BadRowError, DataError
from gairp.traces.table import Table
from gairp.traces.text_file import ends_with_newline, open_text

#: Prompts can be longer than the csv module's own limit of 131,072 characters.
_FIELD_LIMIT = 2**31 - 1


def csv_batches(path: Path, wanted: Any, batch_rows: int | None) -> Iterator[Table]:
    """Batches of a CSV file with a header line; `None` rows: all in one.

    Raises BadRowError for a row with fewer or more fields than the header has, DataError for a
    quote that is still open at the end.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    with open_text(path) as text:
        rows = _whole_rows(path, csv.reader(text, strict=True))
        names = next(rows, None)
        if names is None:
            return
        _check_header(path, names)
        picked = [i for i, name in enumerate(names) if wanted(name)]
        first = 1
        while batch := list(islice(rows, batch_rows)):
            numbers = np.arange(first, first + len(batch), dtype=np.int64)
            first += len(batch)
            yield Table(
                str(path), tuple(names), _arrow(names, picked, batch), numbers, _notes(path)
            )


def _whole_rows(path: Path, reader: Any) -> Iterator[list[str]]:
    """Header, then rows; blank lines are skipped, as everyone's CSV reader does."""
    width, row = 0, 0
    try:
        for fields in reader:
            if not fields:
                continue
            width = width or len(fields)
            if len(fields) != width:
                raise _wrong_width(path, row, fields, width)
            yield fields
            row += 1
    except csv.Error as error:
        raise DataError(
            f"{path}, row {row}: not a whole CSV row, the file may be cut off ({error}); "
            "copy or write it again"
        ) from error


def _wrong_width(path: Path, row: int, fields: list[str], width: int) -> BadRowError:
    few = len(fields) < width
    return BadRowError(
        file=str(path),
        row=row,
        column=f"field {len(fields)}",
        value=fields[-1][:80],
        problem=f"the row has {len(fields)} fields where the header has {width}",
        remedy="copy the file again, it may be cut off" if few else "quote fields that hold commas",
    )


def _check_header(path: Path, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the header names {twice[0]!r} twice; rename one of the columns")


def _arrow(names: list[str], picked: list[int], rows: list[list[str]]) -> Any:
    import pyarrow as pa

    columns = [pa.array([row[i] for row in rows], pa.large_string()) for i in picked]
    return pa.table(columns, names=[names[i] for i in picked])


def _notes(path: Path) -> tuple[str, ...]:
    if ends_with_newline(path):
        return ()
    return (f"{path.name} ends without a line break: its last row may be cut",)
