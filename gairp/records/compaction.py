"""From a journal to partitioned Parquet, a batch at a time, each batch once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from gairp.errors import ConfigError, DataError
from gairp.records.codec import encoded
from gairp.records.compacted import (
    NOTE,
    Note,
    digest,
    part_name,
    partition,
    parts,
    read_note,
    write_note,
    write_whole,
)
from gairp.records.event_table import Numbered, dictionaries, to_table
from gairp.records.folder_lock import FolderLock
from gairp.records.reading import read_numbered

BATCH = 50_000


class Compaction(NamedTuple):
    """What one run of `compact` has added."""

    first: int  #: position of the first event that was added
    seq: int  #: position after the last one
    files: int
    bytes: int


def compact(journal: Path | str, out: Path | str, *, batch: int = BATCH) -> Compaction:
    """Add to `out` what the journal holds and `out` does not.

    The journal may be written meanwhile. After a kill, run it again: an event is never there
    twice, and a file is whole or not there. Raises DataError where `out` is another journal's.
    """
    if batch < 1:
        raise ConfigError(f"batch is {batch}; give at least 1 event")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder, name="_writer.lock", what="compaction")
    try:
        return _added(Path(journal), folder, batch)
    finally:
        lock.release()


def _added(journal: Path, folder: Path, batch: int) -> Compaction:
    note = _begun(journal, folder)
    events = _new(journal, folder, note)
    begun, files, size = note.seq, 0, 0
    while numbered := list(islice(events, batch)):
        for path, data in _parts(folder, numbered):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
            files, size = files + 1, size + len(data)
        seq, event = numbered[-1]
        note = Note(first=note.first, seq=seq + 1, last_digest=digest(encoded(event)))
        write_note(folder, note)
    return Compaction(first=begun, seq=note.seq, files=files, bytes=size)


def _begun(journal: Path, folder: Path) -> Note:
    """How far it has come; what a kill has left beyond that is removed."""
    note = read_note(folder)
    if note is None:
        if any(folder.glob("kind=*")):
            raise DataError(
                f"{folder}: holds files but no {NOTE}, which says what they are; put it back, or "
                "name an empty folder"
            )
        first = next(read_numbered(journal), (0, None))[0]
        note = Note(first=first, seq=first)
        write_note(folder, note)
    for left in folder.rglob(".*.tmp"):
        left.unlink()
    for start, path in parts(folder):
        if start >= note.seq:
            path.unlink()
    return note


def _new(journal: Path, folder: Path, note: Note) -> Iterator[Numbered]:
    """The events that `out` lacks, after making sure that this is the log it is of."""
    if note.seq == note.first:
        return read_numbered(journal, after=note.seq)
    events = read_numbered(journal, after=note.seq - 1)
    head = next(events, None)
    if head is None or head[0] > note.seq:
        there = "ends earlier" if head is None else f"begins with event {head[0]}"
        raise DataError(
            f"{journal}: {there}, but {folder} holds the events up to {note.seq - 1}; compact the "
            "journal that it was made of, or name an empty folder"
        )
    if head[0] == note.seq:
        return chain([head], events)  # the segment before it has been deleted since
    if digest(encoded(head[1])) != note.last_digest:
        raise DataError(
            f"{journal}: event {head[0]} is not the one that {folder} holds, which is of another "
            "journal; name an empty folder"
        )
    return events


def _parts(folder: Path, numbered: Sequence[Numbered]) -> Iterator[tuple[Path, bytes]]:
    """The files of a batch."""
    places: dict[Path, list[Numbered]] = {}
    for seq, event in numbered:
        places.setdefault(partition(event), []).append((seq, event))
    name = part_name(numbered[0][0])
    for place, each in places.items():
        yield folder / place / name, _parquet(each)


def _parquet(numbered: Sequence[Numbered]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer: Any = pa.BufferOutputStream()
    repeated = dictionaries(type(numbered[0][1]))
    pq.write_table(to_table(numbered), buffer, compression="zstd", use_dictionary=repeated)
    data: bytes = buffer.getvalue().to_pybytes()
    return data
