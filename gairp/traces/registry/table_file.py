"""Writing and measuring table files, by their ending."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from gairp.errors import DataError


def write(table: Any, file: Path) -> None:
    """Writes a pandas frame (.parquet, .csv, .csv.gz), an array (.npy) or a mapping (.json)."""
    import numpy as np

    if file.name.endswith(".parquet"):
        table.to_parquet(file, index=False, compression="zstd")
    elif file.name.endswith(".csv.gz"):
        # No time stamp in the header: the same table is the same file.
        options = {"method": "gzip", "mtime": 0}
        table.to_csv(file, index=False, compression=options)
    elif file.suffix == ".csv":
        table.to_csv(file, index=False)
    elif file.suffix == ".npy":
        np.save(file, table, allow_pickle=False)
    elif file.suffix == ".json":
        file.write_text(json.dumps(table), encoding="utf-8")
    else:
        raise DataError(f"{file}: tables are .parquet, .csv, .csv.gz, .npy or .json")


def shape(file: Path) -> tuple[int, ...]:
    """Rows and columns of a table file, the array's shape, or the number of a mapping's keys."""
    try:
        return _shape(file)
    except (ValueError, OSError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def _shape(file: Path) -> tuple[int, ...]:
    if file.name.endswith(".parquet"):
        import pyarrow.parquet as pq

        head = pq.read_metadata(file)
        return (head.num_rows, head.num_columns)
    if file.name.endswith((".csv", ".csv.gz")):
        import pandas as pd

        rows, columns = pd.read_csv(file, low_memory=False).shape
        return (rows, columns)
    if file.suffix == ".npy":
        import numpy as np

        array_shape: tuple[int, ...] = np.load(io.BytesIO(file.read_bytes())).shape
        return array_shape
    return (len(json.loads(file.read_text(encoding="utf-8"))),)
