"""Finished work in files: whole or absent, and under a key of what it was made with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import numpy as np


class Record(Protocol):
    """A named tuple of arrays, numbers and texts."""

    def _asdict(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Record)


def finished(kind: Callable[..., R], file: Path, run: Callable[[], R]) -> R:
    """What `run` gives: read from `file` where it is there, else run and kept in it for next time.

    `kind` is the named tuple that `run` returns; `file` ends in .npz.
    """
    if not file.exists():
        made = run()
        with whole(file) as out:
            np.savez_compressed(out, **made._asdict())
    with np.load(file) as kept:
        # [()] makes a number or a text of an array without dimensions, and leaves others alone.
        return kind(**{name: kept[name][()] for name in kept.files})


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
