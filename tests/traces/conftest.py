"""Tables written in every format that the adapters read."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

Rows = Sequence[Mapping[str, Any]]
WriteTable = Callable[[str, Rows], Path]

FORMATS = ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Writes rows to a file of tmp_path; the ending of its name says in which format."""

    def write(name: str, rows: Rows) -> Path:
        path = tmp_path / name
        if name.endswith(".parquet"):
            _write_parquet(path, rows)
            return path
        text = _csv_text(rows) if ".csv" in name else _jsonl_text(rows)
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def _write_parquet(path: Path, rows: Rows) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        mixed = len({type(value) for value in values if value is not None}) > 1
        numeric = all(value is None or isinstance(value, int | float) for value in values)
        if mixed and not numeric:  # a column of text with a number in it, as a hand-made file has
            values = [None if value is None else str(value) for value in values]
        columns[name] = values
    parquet.write_table(pa.table(columns), path)


def _csv_text(rows: Rows) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: "" if v is None else v for k, v in row.items()})
    return text.getvalue()


def _jsonl_text(rows: Rows) -> str:
    return "".join(json.dumps(dict(row)) + "\n" for row in rows)
