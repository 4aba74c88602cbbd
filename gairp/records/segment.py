"""One file of a journal: a header, then frames.

    8 bytes "GAIRPLOG" | u32 schema | u64 seq of the first event | u32 crc32     little-endian

The first seq tells a reader that no earlier segment is missing, and lets a writer go on counting
without reading more than the last segment.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

from gairp.errors import DataError
from gairp.records.events import SCHEMA_VERSION
from gairp.records.frame import next_whole, payloads

_HEADER = struct.Struct("<8sIQ")
_CHECK = struct.Struct("<I")
_MAGIC = b"GAIRPLOG"
HEADER_BYTES = _HEADER.size + _CHECK.size


class Header(NamedTuple):
    """What the first bytes of a segment say."""

    schema: int
    first_seq: int  #: position in the log of the segment's first event


def header_bytes(first_seq: int) -> bytes:
    """The header of a segment that begins now."""
    fields = _HEADER.pack(_MAGIC, SCHEMA_VERSION, first_seq)
    return fields + _CHECK.pack(crc32(fields))


def segment_path(folder: Path, number: int) -> Path:
    """000001.log is the first."""
    return folder / f"{number:06d}.log"


def segments(folder: Path) -> list[Path]:
    """The segments of a journal in order; DataError where one is missing between two others."""
    numbers = sorted(int(p.stem) for p in folder.glob("*.log") if p.stem.isdigit())
    for earlier, later in pairwise(numbers):
        if later != earlier + 1:
            raise DataError(
                f"{folder}: segment {segment_path(folder, earlier + 1).name} is missing between "
                f"{earlier:06d}.log and {later:06d}.log; put it back, or move the segments from "
                f"{later:06d}.log on to another folder and read each part by itself"
            )
    return [segment_path(folder, number) for number in numbers]


def read_header(file: BinaryIO, path: Path) -> Header | None:
    """The header; None where the segment was only being made. DataError for any other file."""
    head = file.read(HEADER_BYTES)
    if not any(head) or (len(head) < HEADER_BYTES and _MAGIC.startswith(head[: len(_MAGIC)])):
        return None
    magic, schema, first_seq = _HEADER.unpack_from(head.ljust(HEADER_BYTES, b"\0"))
    fields, check = head[: _HEADER.size], head[_HEADER.size :]
    if magic != _MAGIC or check != _CHECK.pack(crc32(fields)):
        raise _foreign(path)
    if schema > SCHEMA_VERSION:
        raise DataError(
            f"{path}: written with schema {schema} of the log, this GAIRP knows up to "
            f"{SCHEMA_VERSION}; read it with the GAIRP that wrote it, or a newer one"
        )
    return Header(schema, first_seq)


def header_of(path: Path) -> Header | None:
    """`read_header` of a file by its path."""
    with path.open("rb") as file:
        return read_header(file, path)


def segment_payloads(path: Path, *, last: bool) -> Generator[bytes, None, int]:
    """The payloads of a segment; returns how many bytes of a torn tail follow them.

    Only the `last` segment may have a torn tail. Raises DataError for damage.
    """
    offset = HEADER_BYTES
    while True:
        with path.open("rb", buffering=1 << 20) as file:
            if read_header(file, path) is None:
                offset = 0
            else:
                file.seek(offset)
                offset = yield from payloads(file)
            file.seek(offset)
            rest = file.read()
        following = next_whole(rest)
        # Half a frame may be whole by now, where another process writes.
        if following != 0:
            break
    if rest and (following is not None or not last):
        raise _damaged(path, offset, following or len(rest))
    return len(rest)


def _damaged(path: Path, offset: int, length: int) -> DataError:
    return DataError(
        f"{path}, offset {offset}: {length} bytes are damaged; restore the file from a copy. To "
        "give up all that follows instead, copy the folder, run `truncate -s "
        f"{offset} {path.name}` in the copy and delete the later segments there"
    )


def _foreign(path: Path) -> DataError:
    return DataError(
        f"{path}, offset 0: not a segment of a journal, or its header is damaged; restore the file "
        "from a copy, or move it out of the folder if it belongs to something else"
    )
