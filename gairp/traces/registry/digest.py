"""Hashes of files."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

CHUNK = 1 << 20


class Digests(NamedTuple):
    """Both hashes of one file."""

    sha256: str
    blob: str  #: git blob id


def digests(file: Path) -> Digests:
    """Hashes of a file as it is now; a file that did not change is read once a process."""
    state = file.stat()
    return _digests(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _digests(file: Path, size: int, changed_ns: int) -> Digests:
    # Git's blob id is an address, not a shield: where a sha256 is registered it is checked too.
    sha256 = hashlib.sha256()
    blob = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with file.open("rb") as stream:
        while block := stream.read(CHUNK):
            sha256.update(block)
            blob.update(block)
    return Digests(sha256.hexdigest(), blob.hexdigest())
