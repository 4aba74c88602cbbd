"""Parquet files as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gairp.errors import DataError
from gairp.traces.table import Table


def parquet_batches(path: Path, wanted: Any, batch_rows: int | None) -> Iterator[Table]:
    """Batches of a Parquet file, only the wanted columns; `None` rows: all in one."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            names = tuple(file.schema_arrow.names)
            columns = [name for name in names if wanted(name)]
            first = 1
            for data in _pieces(file, columns, batch_rows):
                rows = np.arange(first, first + data.num_rows, dtype=np.int64)
                first += data.num_rows
                if data.num_rows:
                    yield Table(str(path), names, _plain(data), rows)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: not a whole Parquet file, it may be cut off ({error}); copy or write it again"
        ) from error


def _plain(data: Any) -> Any:
    """Text views, which some writers use and Arrow can neither filter nor search, as text."""
    import pyarrow as pa
    from pyarrow import types

    fields = [
        pa.field(entry.name, pa.large_string()) if types.is_string_view(entry.type) else entry
        for entry in data.schema
    ]
    return data.cast(pa.schema(fields))


def _pieces(file: Any, columns: list[str], batch_rows: int | None) -> Iterator[Any]:
    import pyarrow as pa

    if batch_rows is None:
        yield file.read(columns=columns, use_threads=False)
        return
    for batch in file.iter_batches(batch_size=batch_rows, columns=columns, use_threads=False):
        yield pa.Table.from_batches([batch])
