"""Reading original files: a file that is absent, cut off or not what it should be is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import BadRowError, DataError

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "delete the file and fetch the dataset again, or report that the source changed"


def existing(folder: Path, path: str) -> Path:
    """The original file `path` below `folder`; raises DataError where it is absent."""
    file = folder / path
    if not file.is_file():
        raise DataError(f"original file {file} is absent; {REMEDY}")
    return file


def matching(folder: Path, pattern: str) -> list[Path]:
    """Original files that match, by path; raises DataError where there is none."""
    files = sorted(folder.glob(pattern), key=lambda file: file.as_posix())
    if not files:
        raise DataError(f"no original file matches {folder / pattern}; {REMEDY}")
    return files


def parse_json(text: str | bytes, source: str) -> Any:
    """The value that a whole JSON text holds; raises DataError with the place where it breaks."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise DataError(f"{source} is not valid JSON ({error}); {REMEDY}") from error


def read_json(folder: Path, path: str) -> Any:
    """The value that a JSON file holds."""
    file = existing(folder, path)
    return parse_json(file.read_bytes(), str(file))


def read_jsonl(folder: Path, path: str) -> Iterator[dict[str, Any]]:
    """One mapping a line, blank lines skipped."""
    file = existing(folder, path)
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise BadRowError(
                    file=str(file),
                    row=number,
                    column="(whole line)",
                    value=line[:80],
                    problem=f"not valid JSON ({error})",
                    remedy=REMEDY,
                ) from error
            yield row


def read_csv(folder: Path, path: str, columns: Iterable[str], **options: Any) -> pd.DataFrame:
    """A CSV file that must have `columns`; further ones are kept."""
    import pandas as pd

    file = existing(folder, path)
    try:
        table: pd.DataFrame = pd.read_csv(file, **options)
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{file} is not readable CSV ({error}); {REMEDY}") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(
            f"{file} lacks the columns {missing}; it has {list(table.columns)[:12]}; {REMEDY}"
        )
    return table


def field(row: Mapping[str, Any], name: str, *, file: str, number: int) -> Any:
    """`row[name]`; raises BadRowError where it is absent."""
    try:
        return row[name]
    except (KeyError, TypeError) as error:
        raise BadRowError(
            file=file,
            row=number,
            column=name,
            value=None,
            problem="the field is absent",
            remedy=REMEDY,
        ) from error
