"""Finished work in files: whole or absent, and under a key of what it was made with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """Write here; it becomes `file` when the block ends well, and leaves it as it was otherwise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    with partial.open("wb") as out:
        yield out
    partial.replace(file)


def digest(what: object, *, size: int) -> str:
    """2 · `size` hexadecimal digits of plain values, whatever the order of their keys."""
    text = json.dumps(what, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=size).hexdigest()
