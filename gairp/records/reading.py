"""A journal's events, in the order in which they were appended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gairp.errors import DataError
from gairp.records.codec import decoded
from gairp.records.events import Event
from gairp.records.segment import header_of, segment_path, segment_payloads, segments


def read_events(folder: Path | str) -> Iterator[Event]:
    """Stream the events of a journal, also while another process writes it.

    A torn tail ends the stream. Raises DataError for damage, with file and offset.
    """
    for _, event in read_numbered(folder):
        yield event


def read_numbered(folder: Path | str, after: int = 0) -> Iterator[tuple[int, Event]]:
    """The events from position `after` on, with their positions, which begin at 0.

    Segments that hold earlier events alone are not read.
    """
    path: Path | None = first_segment(Path(folder), after)
    expected: int | None = None
    while path is not None:
        # Asked before reading: once it is there, nothing more is written to this one.
        following = following_segment(path)
        header = header_of(path)
        if header is None:
            if following is None:
                return
            raise DataError(f"{path}, offset 0: the header is gone; restore the file from a copy")
        if expected not in (None, header.first_seq):
            raise DataError(
                f"{path}: begins with event {header.first_seq}, but the segments before it end "
                f"with {expected}; put the segments of one journal back together"
            )
        expected = header.first_seq
        for payload in segment_payloads(path, last=following is None):
            if expected >= after:
                yield expected, event_of(payload, path, expected)
            expected += 1
        path = following


def event_of(payload: bytes, path: Path, seq: int) -> Event:
    """The event of a payload; DataError with its file and position."""
    try:
        return decoded(payload)
    except DataError as error:
        raise DataError(f"{path}, event {seq}: {error}") from error


def first_segment(folder: Path, after: int) -> Path:
    """The segment that holds position `after`, or the last one; DataError where there is none."""
    paths = segments(folder)
    if not paths:
        raise DataError(f"{folder}: there is no journal (no 000001.log); check the path")
    chosen = paths[0]
    for path in paths[1:]:
        header = header_of(path)
        if header is None or header.first_seq > after:
            break
        chosen = path
    return chosen


def following_segment(path: Path) -> Path | None:
    """The segment after this one, where it has begun."""
    following = segment_path(path.parent, int(path.stem) + 1)
    return following if following.exists() else None
