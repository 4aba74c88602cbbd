"""The audit log: a line of JSON each, bound to the one before by a hash.

    hash = SHA-256 (hash of the line before ‖ the line without its hash)

Content is not in it, only hashes of it, so that a tenant's content can be deleted and the chain
still verifies. Who can write the file can make it anew from any line on; keep the last hash
elsewhere (`verify` gives it) to notice that too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gairp.errors import IntegrityError

FIRST = "0" * 64
_ENCODER = msgspec.json.Encoder(order="sorted")
_HASH = b',"hash":"%s"}'  #: how a line ends


class Verified(NamedTuple):
    """A chain that holds: how many lines, and the hash of the last."""

    lines: int
    head: str


def line_of(fields: dict[str, Any], before: str) -> tuple[bytes, str]:
    """The line and its hash."""
    body = _ENCODER.encode({**fields, "before": before})
    digest = sha256(before.encode() + body).hexdigest()
    return body[:-1] + _HASH % digest.encode() + b"\n", digest


def verify(path: Path) -> Verified:
    """Raises IntegrityError that names the first line that was altered, removed or added.

    A last line without its end was being written when the process died, and is passed over.
    """
    before, count = FIRST, 0
    for number, raw in _lines(path):
        try:
            fields = msgspec.json.decode(raw)
            told = fields["hash"].encode()
            follows = fields.get("before") == before
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            raise _broken(path, number, "is no line of an audit log") from None
        if not follows:
            raise _broken(path, number, "does not follow the line before it: a line was removed, "
                          "added or moved")  # fmt: skip
        end = _HASH % told
        body = raw.removesuffix(end) + b"}"
        if not raw.endswith(end) or sha256(before.encode() + body).hexdigest().encode() != told:
            raise _broken(path, number, "was altered: its hash does not fit its content")
        before, count = told.decode(), count + 1
    return Verified(count, before)


class AuditFile:
    """Appends lines; on opening, goes on where the file ends, and cuts off a torn last line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.head, self.seq, size = _end(path)
        self._file = path.open("ab")
        if self._file.tell() > size:
            os.truncate(path, size)

    def append(self, lines: list[dict[str, Any]], seq: int) -> None:
        """Write these, in one piece; `seq` is how far the journal has been read."""
        pieces, head = [], self.head
        for fields in lines:
            line, head = line_of(fields, head)
            pieces.append(line)
        self._file.write(b"".join(pieces))
        self._file.flush()
        self.head, self.seq = head, seq

    def close(self) -> None:
        """Bring it to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _end(path: Path) -> tuple[str, int, int]:
    """Hash and journal position of the last whole line, and where it ends."""
    head, seq, size = FIRST, 0, 0
    if path.exists():
        for _, raw in _lines(path):
            fields = json.loads(raw)
            head, seq, size = fields["hash"], int(fields["seq"]) + 1, size + len(raw) + 1
    return head, seq, size


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if raw.endswith(b"\n"):
                yield number, raw[:-1]


def _broken(path: Path, number: int, what: str) -> IntegrityError:
    return IntegrityError(
        f"{path}, line {number}: {what}; what stands before it is as it was written. Restore the "
        "file from a copy, and find out who could write to it"
    )
