"""Files that are whole or absent: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gairp.errors import DataError


def replace(part: Path, target: Path) -> None:
    """Moves a complete file into place, after its bytes reached the disk."""
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(part, target)


def write_text(target: Path, text: str) -> None:
    """Writes a small file atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_text(text, encoding="utf-8")
    replace(part, target)


@contextmanager
def folder(target: Path) -> Iterator[Path]:
    """Yields an empty folder that becomes `target` when the block ends well.

    When it does not, `target` is as before and nothing of the new one remains.
    """
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(target, ignore_errors=True)
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Translates a full or read-only disk into a DataError that names the place."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(_existing(place)).free
            raise DataError(
                f"the disk that holds {place} is full ({free / 1e6:.1f} MB free); free some space "
                "or point GAIRP_DATA_DIR at another disk, then run the same command again: "
                "it continues where it stopped"
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise DataError(
                f"cannot write {place} ({error.strerror}); point GAIRP_DATA_DIR at a folder "
                "that you may write"
            ) from error
        raise


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())
