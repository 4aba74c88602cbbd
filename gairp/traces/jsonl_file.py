"""JSON Lines files as tables: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gairp.errors import DataError
from gairp.traces.table import Table
from gairp.traces.text_file import open_text


def jsonl_batches(path: Path, wanted: Any, batch_rows: int | None) -> Iterator[Table]:
    """Batches of a JSON Lines file; `None` rows: all in one.

    A key that a line lacks is a missing value. Raises DataError, with the line, for a line that
    is no JSON object: the last one of a file that was cut off, for instance.
    """
    names: dict[str, None] = {}
    with open_text(path) as text:
        rows = _objects(path, text)
        first = 1
        while batch := list(islice(rows, batch_rows)):
            for row in batch:
                names.update(dict.fromkeys(row))
            picked = [name for name in names if wanted(name)]
            numbers = np.arange(first, first + len(batch), dtype=np.int64)
            first += len(batch)
            yield Table(str(path), tuple(names), _arrow(picked, batch), numbers)


def _objects(path: Path, lines: Any) -> Iterator[dict[str, Any]]:
    row = 0
    for line in lines:
        if not line.strip():
            continue
        row += 1
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            cut = "" if line.endswith(("\n", "\r")) else ", the file ends in the middle of it"
            raise DataError(
                f"{path}, row {row}, column {error.colno} of the line: not a whole JSON object"
                f"{cut} (value: {line.strip()[-80:]!r}); copy or write the file again"
            ) from error
        if not isinstance(value, dict):
            raise DataError(
                f"{path}, row {row}: {line.strip()[:80]!r} is no JSON object; "
                'write one object a line, {"prompt_id": …, "model": …, "score": …}'
            )
        yield value


def _arrow(names: list[str], rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError):  # kinds are mixed: the schema decides
        return pa.array([_spelled(value) for value in values], pa.large_string())


def _spelled(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
