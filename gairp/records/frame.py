"""The frame of one event: length, checksum, payload.

    u32 length | u32 crc32 | payload        little-endian

The checksum is seeded with the length, so that a damaged length is noticed even where the bytes
behind it happen to fit. No payload is empty: a run of zeros, as a power cut may leave it, is no
frame.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Generator, Iterator
from typing import BinaryIO, get_args
from zlib import crc32

from gairp.errors import DataError
from gairp.records.events import Event

HEAD = struct.Struct("<II")
#: A length above this is damage, and an event above it is refused.
MAX_PAYLOAD = 1 << 30
_TAGS = b"|".join(
    b"%c%s" % (0xA0 + len(tag), tag.encode())
    for tag in (str(kind.__struct_config__.tag) for kind in get_args(Event))
)
#: How an event begins: an array, short or long, whose first item is the tag.
_EVENT = re.compile(rb"(?:[\x90-\x9f]|\xdc..)(?:%s)" % _TAGS, re.DOTALL)


def framed(*payloads: bytes) -> bytes:
    """The bytes that go into the file; DataError for a payload above 1 GiB."""
    pieces: list[bytes] = []
    for payload in payloads:
        length = len(payload)
        if length > MAX_PAYLOAD:
            raise DataError(
                f"an event of {length} bytes is refused, the most is {MAX_PAYLOAD}; log it without "
                "its content"
            )
        pieces += HEAD.pack(length, crc32(payload, length)), payload
    return b"".join(pieces)


def payloads(file: BinaryIO) -> Generator[bytes, None, int]:
    """Every whole frame's payload from the file's position on.

    Returns where the last whole frame ended: the end of the file, unless its tail is torn or
    damaged.
    """
    offset = file.tell()
    while True:
        head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            return offset
        length, checksum = HEAD.unpack(head)
        if not 0 < length <= MAX_PAYLOAD:
            return offset
        payload = file.read(length)
        if len(payload) < length or crc32(payload, length) != checksum:
            return offset
        offset += HEAD.size + length
        yield payload


def whole_frames(data: bytes) -> Iterator[bytes]:
    """The payloads of the whole frames that these bytes begin with."""
    offset, size = 0, len(data)
    while size - offset > HEAD.size:
        length, checksum = HEAD.unpack_from(data, offset)
        begin = offset + HEAD.size
        payload = data[begin : begin + length]
        if not 0 < length == len(payload) or crc32(payload, length) != checksum:
            return
        offset = begin + length
        yield payload


def next_whole(data: bytes) -> int | None:
    """Where the first whole frame of an event begins in these bytes; None where there is none."""
    for match in _EVENT.finditer(data):
        start = match.start() - HEAD.size
        if start < 0:
            continue
        length, checksum = HEAD.unpack_from(data, start)
        payload = data[match.start() : match.start() + length]
        if len(payload) == length and crc32(payload, length) == checksum:
            return start
    return None
