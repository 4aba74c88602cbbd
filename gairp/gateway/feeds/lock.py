"""One follower of a journal: a second audit chain in the same file would be no chain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gairp.errors import DataError
from gairp.records.folder_lock import FolderLock


@contextmanager
def sole_follower(
    home: Path, *, within_s: float = 30.0, wanted: Callable[[], bool] = lambda: True
) -> Iterator[bool]:
    """Hold the lock; one that was killed may leave another behind, which soon comes to its end.

    Gives False where it is no longer `wanted`; raises DataError where another keeps it.
    """
    due = time.monotonic() + within_s
    while True:
        try:
            lock = FolderLock(home, name="feeds.lock", what="gateway's ledger and audit log")
            break
        except DataError:
            if time.monotonic() > due:
                raise
            if not wanted():
                yield False
                return
            time.sleep(0.05)
    try:
        yield True
    finally:
        lock.release()
