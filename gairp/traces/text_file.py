"""Text files, plain or gzipped, opened so that a file cut off is told from a whole one."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from gairp.errors import DataError


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """The text of a file. Raises DataError where it is cut off (gzip) or is not UTF-8.

    Errors that arise while the caller reads inside the `with` are translated too.
    """
    zipped = path.name.lower().endswith(".gz")
    try:
        with (
            gzip.open(path, "rb") if zipped else path.open("rb") as raw,
            TextIOWrapper(cast("IO[bytes]", raw), encoding="utf-8-sig", newline="") as text,
        ):
            yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: not a whole gzip file, it may be cut off ({error}); copy or write it again"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text ({error}); save it as UTF-8, or copy it again if it was cut"
        ) from error


def ends_with_newline(path: Path) -> bool:
    """Whether the last byte ends a line; True for gzip, whose own end mark says more."""
    if path.name.lower().endswith(".gz"):
        return True
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) in b"\r\n"
