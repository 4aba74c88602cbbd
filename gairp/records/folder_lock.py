"""One writer a folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from gairp.errors import DataError


class FolderLock:
    """Held until `release`, or until the process is gone, however it went.

    The file stays: whoever removed it might remove another's.
    """

    def __init__(self, folder: Path, *, name: str = "writer.lock", what: str = "journal") -> None:
        """Take the lock, or raise DataError with the process that has it."""
        path = folder / name
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise DataError(
                f"{folder}: another writer has this {what} (process {owner}, {path.name}); stop "
                "it, or write to a folder of your own"
            ) from error
        os.ftruncate(self._fd, 0)
        os.write(self._fd, b"%d\n" % os.getpid())

    def release(self) -> None:
        """Let another writer in."""
        with suppress(OSError):
            os.close(self._fd)
