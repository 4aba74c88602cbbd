"""A folder of Parquet files that holds a log, and what it says of itself.

    DIR/kind=decided/day=2026-01-01/learner=linucb-0/part-000000000000.parquet
    DIR/_compacted.json

A part's number is the position of the first event of its batch. What `_compacted.json` covers is
complete; files of a later batch were left by a kill, and the next run writes them anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

import msgspec

from gairp.errors import DataError
from gairp.records.columns import kind_of
from gairp.records.event_table import Numbered, from_table
from gairp.records.events import SCHEMA_VERSION, Event

NOTE = "_compacted.json"
#: What Hive calls a value that is absent.
_ABSENT = "__HIVE_DEFAULT_PARTITION__"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """How far a compaction has come."""

    first: int = 0  #: position of the first event
    seq: int = 0  #: position after the last one
    last_digest: str = ""  #: blake2b of the last event's payload: is this the same log?
    schema: int = SCHEMA_VERSION


def read_note(folder: Path) -> Note | None:
    """The note of a compacted folder; None where there is none."""
    path = folder / NOTE
    if not path.exists():
        return None
    try:
        note = msgspec.json.decode(path.read_bytes(), type=Note)
    except msgspec.MsgspecError as error:
        raise DataError(
            f"{path}: not a note of a compaction ({error}); compact anew into an empty folder"
        ) from error
    if note.schema > SCHEMA_VERSION:
        raise DataError(
            f"{path}: written with schema {note.schema} of the log, this GAIRP knows up to "
            f"{SCHEMA_VERSION}; read it with the GAIRP that wrote it, or a newer one"
        )
    return note


def digest(payload: bytes) -> str:
    """What tells one event from another."""
    return blake2b(payload, digest_size=16).hexdigest()


def partition(event: Event) -> Path:
    """The folder of an event, below the compaction's."""
    names = (kind_of(type(event)), day_of(event.at), learner_name(event.learner))
    return Path(
        *(f"{key}={name}" for key, name in zip(("kind", "day", "learner"), names, strict=True))
    )


def day_of(at: float) -> str:
    """The date of a Unix time, UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return _ABSENT


def learner_name(learner: str) -> str:
    """A folder's name for a learner; the exact name stands in each file's metadata."""
    name = quote(learner, safe="")
    if len(name) > 200:
        name = f"{quote(learner[:10], safe='')}~{digest(learner.encode())}"
    return name or _ABSENT


def part_name(start: int) -> str:
    """The name of the files of a batch that begins at this position."""
    return f"part-{start:012d}.parquet"


def parts(folder: Path) -> Iterator[tuple[int, Path]]:
    """The files of a compacted log, each with the position at which its batch begins."""
    for path in folder.glob("kind=*/day=*/learner=*/part-*.parquet"):
        yield int(path.stem.removeprefix("part-")), path


def read_compacted(folder: Path, after: int = 0) -> Iterator[Numbered]:
    """The events from position `after` on, in the order of the log.

    Holds one batch in memory. Raises DataError where a file is missing or damaged.
    """
    note = read_note(folder)
    if note is None:
        raise DataError(f"{folder}: no compacted log is here (no {NOTE}); check the path")
    batches: dict[int, list[Path]] = {}
    for start, path in parts(folder):
        if start < note.seq:
            batches.setdefault(start, []).append(path)
    starts = sorted(batches)
    position = note.first
    for start, stop in zip(starts, [*starts, note.seq][1:], strict=True):
        if start != position:
            raise _gap(folder, position)
        if stop > after:
            yield from (
                each for each in _batch(folder, batches[start], start, stop) if each[0] >= after
            )
        position = stop
    if position != note.seq:
        raise _gap(folder, position)


def _batch(folder: Path, paths: list[Path], start: int, stop: int) -> list[Numbered]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbered: list[Numbered] = []
    for path in paths:
        try:
            # Not `read_table`, which adds the columns of the folders' names.
            numbered += from_table(pq.ParquetFile(path).read())
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path}: damaged ({error}); restore it from a copy, or compact the journal anew"
            ) from error
    numbered.sort(key=lambda each: each[0])
    for expected, (seq, _) in zip(range(start, stop), numbered, strict=False):
        if seq != expected:
            raise _gap(folder, min(seq, expected))
    if len(numbered) != stop - start:
        raise _gap(folder, start + min(len(numbered), stop - start))
    return numbered


def _gap(folder: Path, seq: int) -> DataError:
    return DataError(
        f"{folder}: event {seq} is missing or there twice: a file was removed or added; restore it "
        "from a copy, or compact the journal anew into an empty folder"
    )


def write_note(folder: Path, note: Note) -> None:
    """Put the note in its place, at once."""
    write_whole(folder / NOTE, msgspec.json.encode(note))


def write_whole(path: Path, data: bytes) -> None:
    """A file that appears under its name only when it is whole and on the disk."""
    part = path.with_name(f".{path.name}.tmp")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
