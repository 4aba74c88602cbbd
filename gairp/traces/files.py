"""Files of three formats as tables, whole or batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gairp.errors import DataError
from gairp.traces.table import Table

Wanted = Callable[[str], bool]  #: whether to load a column, by its name
Reader = Callable[[Path, Wanted, int | None], Iterator[Table]]

#: Name endings and the module that reads them.
ENDINGS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".ndjson.gz": "jsonl",
}


def read_table(path: Path | str, wanted: Wanted | None = None) -> Table:
    """The whole file as one table.

    Raises DataError for a file that is absent, of no known kind, empty or cut off, and
    BadRowError where one row shows it.
    """
    return next(_batches(Path(path), wanted, None))


def iter_tables(
    path: Path | str, wanted: Wanted | None = None, *, batch_rows: int = 8192
) -> Iterator[Table]:
    """The file in tables of at most `batch_rows` rows, in file order. Raises as `read_table`.

    Memory holds one batch (Parquet: and one row group's pages), not the file.
    """
    if batch_rows < 1:
        raise DataError(f"batch_rows is {batch_rows}; a batch has at least one row")
    yield from _batches(Path(path), wanted, batch_rows)


def _batches(path: Path, wanted: Wanted | None, batch_rows: int | None) -> Iterator[Table]:
    reader = _reader(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; correct the path of the trace")
    empty = True
    for table in reader(path, wanted or _everything, batch_rows):
        empty = False
        yield table
    if empty:
        raise DataError(f"{path}: the file holds no rows; write the table again")


def _reader(path: Path) -> Reader:
    kind = next((k for end, k in ENDINGS.items() if path.name.lower().endswith(end)), None)
    if kind == "parquet":
        from gairp.traces.parquet_file import parquet_batches

        return parquet_batches
    if kind == "csv":
        from gairp.traces.csv_file import csv_batches

        return csv_batches
    if kind == "jsonl":
        from gairp.traces.jsonl_file import jsonl_batches

        return jsonl_batches
    raise DataError(f"{path}: unknown kind of file; the name must end in {', '.join(ENDINGS)}")


def _everything(_: str) -> bool:
    return True
