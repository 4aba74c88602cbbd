"""A log to read, however it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gairp.errors import DataError
from gairp.records.compacted import NOTE, read_compacted
from gairp.records.event_table import Numbered
from gairp.records.events import Event
from gairp.records.reading import read_numbered
from gairp.records.segment import segments


class Log:
    """The events of a journal or of a compacted folder, in the order of the log; see `open_log`."""

    def __init__(self, folder: Path, *, compacted: bool) -> None:
        self.folder, self.compacted = folder, compacted

    def __iter__(self) -> Iterator[Event]:
        return (event for _, event in self.numbered())

    def numbered(self, after: int = 0) -> Iterator[Numbered]:
        """The events from position `after` on, with their positions; DataError for damage."""
        return (read_compacted if self.compacted else read_numbered)(self.folder, after)


def is_log(path: Path) -> bool:
    """Whether `open_log` would find something; DataError where part of a journal is missing."""
    return (path / NOTE).exists() or (path.is_dir() and bool(segments(path)))


def open_log(path: Path | str) -> Log:
    """The log at a path: a journal's folder, or one that `compact` made.

    Raises DataError where there is neither.
    """
    folder = Path(path)
    if is_log(folder):
        return Log(folder, compacted=(folder / NOTE).exists())
    raise DataError(
        f"{folder}: no log is here, neither a journal (000001.log) nor a compacted one ({NOTE}); "
        "check the path"
    )
