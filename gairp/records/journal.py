"""The interaction log as it is written: an append-only journal in a folder of segments.

`durability` says what an `append` that has returned survives:

    process   the bytes are with the operating system: kill -9 of this process, not a power cut
    power     as above, and after `await journal.sync()` a power cut too
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from gairp.errors import ConfigError, DataError
from gairp.records.codec import encoded, encoded_all
from gairp.records.events import SCHEMA_VERSION, Event
from gairp.records.folder_lock import FolderLock
from gairp.records.frame import framed
from gairp.records.group_sync import GroupSync
from gairp.records.reading import read_events
from gairp.records.segment import (
    HEADER_BYTES,
    header_of,
    segment_path,
    segment_payloads,
    segments,
)
from gairp.records.segment_writer import SegmentWriter

__all__ = ["SEGMENT_BYTES", "Durability", "Journal", "read_events"]
Durability = Literal["process", "power"]
SEGMENT_BYTES = 64 << 20


class Journal:
    """Appends events; safe for several threads, and the one writer of its folder."""

    def __init__(
        self,
        folder: Path | str,
        *,
        durability: Durability = "process",
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        """Make the folder, or go on where its journal ends.

        A torn tail is cut off, see `torn_bytes`. Raises DataError where another writer has the
        folder, or the last segment is damaged before its end.
        """
        if durability not in ("process", "power"):
            raise ConfigError(f"durability is {durability!r}; there are: process, power")
        if segment_bytes <= HEADER_BYTES:
            raise ConfigError(f"segment_bytes is {segment_bytes}; give at least a few kilobytes")
        self.folder, self.durability, self.segment_bytes = Path(folder), durability, segment_bytes
        self.torn_bytes = 0  #: cut off when it was opened: an event that was never whole
        self.seq = 0  #: events in the log, which is the position of the next one
        self._mutex = threading.Lock()
        self._full: list[SegmentWriter] = []  # full, and not yet on the disk
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(self.folder)
        try:
            self._segment = self._resumed()
        except BaseException:
            self._lock.release()
            raise
        self._sync = GroupSync(self._flush, lambda: self.seq)

    # -- writing --------------------------------------------------------------------------

    def append(self, event: Event) -> None:
        """Write one event; it is with the operating system when this returns.

        Raises DataError where it could not be written, on a full disk say; nothing of it is left
        behind then, and a later `append` may succeed.
        """
        frame = framed(encoded(event))
        with self._mutex:
            self._write(frame, 1)

    def extend(self, events: Sequence[Event]) -> None:
        """Write these events in one piece, for those who hold several anyway.

        Where it raises, none is left behind; a kill in its middle may leave the first few.
        """
        if events:
            data = framed(*encoded_all(events))
            size, count = len(data), len(events)
            with self._mutex:  # as `_write`
                segment = self._segment
                if segment.size + size > self.segment_bytes:
                    self._write(data, count)
                else:
                    segment.write(data)
                    self.seq += count

    def _write(self, data: bytes, count: int) -> None:
        segment = self._segment
        if segment.size + len(data) > self.segment_bytes and segment.size > HEADER_BYTES:
            segment = self._rotated()
        segment.write(data)
        self.seq += count

    # -- segments -------------------------------------------------------------------------

    def _resumed(self) -> SegmentWriter:
        paths = segments(self.folder)
        if not paths:
            return self._made(1)
        path = paths[-1]
        header = header_of(path)
        if header is None:
            # The writer went while it made this segment: there is nothing in it.
            path.unlink()
            return self._resumed()
        count, self.torn_bytes = _measured(path)
        self.seq = header.first_seq + count
        writer = SegmentWriter.resume(path, path.stat().st_size - self.torn_bytes)
        if self.durability == "power":
            _sync_folder(self.folder)
        if header.schema == SCHEMA_VERSION:
            return writer
        writer.close()
        return self._made(int(path.stem) + 1)

    def _made(self, number: int) -> SegmentWriter:
        writer = SegmentWriter.make(segment_path(self.folder, number), self.seq)
        if self.durability == "power":
            _sync_folder(self.folder)
        return writer

    def _rotated(self) -> SegmentWriter:
        full = self._segment
        if full.broken is not None:
            return full
        self._segment = self._made(int(full.path.stem) + 1)
        if self.durability == "power":
            self._full.append(full)
        else:
            full.close()
        return self._segment

    # -- reaching the disk ----------------------------------------------------------------

    async def sync(self) -> None:
        """Return when every event appended before this call is as durable as was asked for.

        Waiters share a flush. With `durability="process"` there is nothing to wait for.
        """
        if self.durability == "power":
            await self._sync.wait()

    def sync_now(self) -> None:
        """`sync` for a caller without an event loop."""
        if self.durability == "power":
            self._sync.wait_here()

    def _flush(self) -> int:
        with self._mutex:
            seq, segment, full = self.seq, self._segment, self._full
            segment.require_sound()
            self._full = []
            # Of its own, so that a rotation meanwhile does not pull it away.
            fd = os.dup(segment.fd)
        try:
            for each in (*(one.fd for one in full), fd):
                os.fdatasync(each)
        except OSError as error:
            # What the disk refused may be lost even if it says at a second try that it is not.
            segment.broken = self._segment.broken = f"not brought to the disk: {error}"
            raise DataError(
                f"{self.folder}: could not be brought to the disk ({error}); a power cut may lose "
                "what was appended since the last sync; mend the disk, then open the journal anew"
            ) from error
        finally:
            os.close(fd)
            for one in full:
                one.close()
        return seq

    def close(self) -> None:
        """Bring to the disk what is to be there, and let another writer in."""
        if self._segment.fd < 0:
            return
        try:
            if self._segment.broken is None:
                self.sync_now()
        finally:
            self._sync.close()
            self._segment.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _measured(path: Path) -> tuple[int, int]:
    """Whole events of the last segment, and the bytes of the torn tail that follows them."""
    count = 0
    walk = segment_payloads(path, last=True)
    while True:
        try:
            next(walk)
        except StopIteration as stop:
            return count, stop.value
        count += 1


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
