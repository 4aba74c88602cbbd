"""A journal followed while another process writes it: what has come since, in pieces."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from gairp.errors import DataError
from gairp.records.events import Event
from gairp.records.frame import HEAD, whole_frames
from gairp.records.reading import event_of, first_segment, following_segment
from gairp.records.segment import HEADER_BYTES, header_of, segment_payloads, segments

_PIECE = 1 << 18  #: bytes that are read at once


class Tail:
    """Remembers where it stands in its segment, so that what was read is not read again."""

    def __init__(self, folder: Path | str, seq: int = 0) -> None:
        """`seq`: the position of the first event that is wanted."""
        self.folder, self.seq = Path(folder), seq
        self._path: Path | None = None
        self._fd, self._offset = -1, 0
        self._at = 0  # the position of the event at the offset

    def take(self, most: int = 5_000) -> list[tuple[int, Event]]:
        """What has come since, at most so many events; empty where there is nothing yet.

        A torn tail is waited for. Raises DataError for damage, with file and offset.
        """
        found: list[tuple[int, Event]] = []
        if self._path is None and not self._opened(first_segment(self.folder, self.seq)):
            return found
        while len(found) < most:
            assert self._path is not None
            # Asked before reading: once it is there, nothing more is written to this one.
            following = following_segment(self._path)
            if self._piece(found, most):
                continue
            if following is None:
                break
            self._require_read()
            if not self._opened(following):
                break
        return found

    def behind(self) -> int:
        """Bytes that are there and were not taken."""
        path = self._path
        if path is None:
            return sum(each.stat().st_size for each in segments(self.folder))
        later = [each for each in segments(self.folder) if each > path]
        here = os.fstat(self._fd).st_size - self._offset
        return here + sum(each.stat().st_size for each in later)

    def close(self) -> None:
        """Close the file; a later `take` opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._path = -1, None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _opened(self, path: Path) -> bool:
        """Whether the segment is there; it is only being made otherwise."""
        header = header_of(path)
        if header is None:
            return False
        self.close()
        self._fd, self._path = os.open(path, os.O_RDONLY), path
        self._offset, self._at = HEADER_BYTES, header.first_seq
        return True

    def _piece(self, found: list[tuple[int, Event]], most: int) -> bool:
        """Read on; whether anything whole was there."""
        size, payloads = _PIECE, list[bytes]()
        while not payloads:
            data = os.pread(self._fd, size, self._offset)
            payloads = list(whole_frames(data))
            if len(data) < size:
                break
            size *= 2  # an event that is larger than the piece
        path = self._path
        assert path is not None
        for payload in payloads:
            if self._at >= self.seq:
                if len(found) >= most:
                    break
                found.append((self._at, event_of(payload, path, self._at)))
                self.seq += 1
            self._at += 1
            self._offset += HEAD.size + len(payload)
        return bool(payloads)

    def _require_read(self) -> None:
        """Raise DataError where something is left of a segment that has come to its end."""
        path = self._path
        assert path is not None
        if os.fstat(self._fd).st_size > self._offset:
            for _ in segment_payloads(path, last=False):
                pass
            raise DataError(f"{path}, offset {self._offset}: what follows is no event")
