"""The segment at the end of a journal, open for appending."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Self

from gairp.errors import DataError
from gairp.records.segment import header_bytes


class SegmentWriter:
    """Whole pieces or nothing: what could not be written whole is taken back."""

    def __init__(self, path: Path, fd: int, size: int) -> None:
        self.path, self.fd = path, fd
        self.size = size  #: bytes up to the end of the last whole frame
        self.broken: str | None = None  #: why nothing can be written any more

    @classmethod
    def make(cls, path: Path, first_seq: int) -> Self:
        """A new segment; DataError, and no file, where it could not be made."""
        header = header_bytes(first_seq)
        try:
            made = cls(path, _opened(path, os.O_CREAT | os.O_EXCL), 0)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            made.write(header)
        except DataError:
            made.close()
            path.unlink(missing_ok=True)
            raise
        return made

    @classmethod
    def resume(cls, path: Path, size: int) -> Self:
        """Go on after `size` bytes and cut off what follows them."""
        try:
            fd = _opened(path)
            os.ftruncate(fd, size)
        except OSError as error:
            raise _unwritable(path, error) from error
        return cls(path, fd, size)

    def write(self, data: bytes) -> None:
        """Append these bytes; they are with the operating system when this returns.

        Raises DataError where that fails, on a full disk say; a later try may succeed.
        """
        if self.broken is not None:
            self.require_sound()
        size = len(data)
        try:
            if os.write(self.fd, data) < size:
                # A nearly full disk takes a part.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._take_back(error)
            raise _unwritable(self.path, error) from error
        self.size += size

    def require_sound(self) -> None:
        """Raise DataError where nothing can be written any more."""
        if self.broken is not None:
            raise DataError(
                f"{self.path}: nothing can be written any more ({self.broken}); open the journal "
                "anew"
            )

    def _take_back(self, error: OSError) -> None:
        try:
            os.ftruncate(self.fd, self.size)
        except OSError as worse:
            self.broken = f"{error}, then {worse}"

    def close(self, why: str = "it was closed") -> None:
        """Close the file; a second time does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd, self.broken = -1, why


def _opened(path: Path, more: int = 0) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | more, 0o644)


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path}: could not be written ({error}); nothing was kept of this event: free space on "
        "the disk, or mend it, and try again"
    )
