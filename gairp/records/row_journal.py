"""The recording so far: one JSON line a row, flushed; a torn last line is cut off and redone."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gairp.errors import ConfigError, DataError

#: Rows by (prompt_id, model), in the order in which they were written.
Rows = dict[tuple[str, str], dict[str, Any]]


class Journal:
    """Append-only rows, keyed by (prompt_id, model); safe for several threads.

    A kill at any moment loses at most the row that was being written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows, whole = read_rows(path)
        self._file = path.open("ab")
        self._file.truncate(whole)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def has(self, prompt_id: str, model: str, settings: str) -> bool:
        """Is this row there? Raises ConfigError where it was made with other settings."""
        row = self.rows.get((prompt_id, model))
        if row is not None and row["settings"] != settings:
            raise ConfigError(
                f"{self.path}: the row of prompt {prompt_id!r}, arm {model!r} was recorded with "
                "other settings; go back to those, or give another `work` folder"
            )
        return row is not None

    def append(self, row: dict[str, Any]) -> None:
        """Write one row through to the operating system."""
        line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
            os.fdatasync(self._file.fileno())
            self.rows[row["prompt_id"], row["model"]] = row


def read_rows(path: Path) -> tuple[Rows, int]:
    """The whole rows of a journal, also of one that is being written, and their length in bytes.

    Raises DataError for a line that is whole and not JSON.
    """
    rows: Rows = {}
    whole = 0
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            break
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{path}, line {number}: not JSON ({error.msg}); delete this line"
            ) from error
        rows[row["prompt_id"], row["model"]] = row
        whole += len(line)
    return rows, whole
