"""Files whose damage shows: a payload followed by its hash, put in place in one step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.features.protocol import Matrix, State

_HASH_BYTES = 32


def write_matrix(path: Path, matrix: Matrix) -> None:
    """A .npy file with the hash behind the array, where numpy does not look."""
    _write(path, lambda file: np.save(file, np.ascontiguousarray(matrix), allow_pickle=False))


def read_matrix(path: Path) -> Matrix | None:
    """The matrix, mapped read-only; None where the file is absent, cut off or altered."""
    if not _is_whole(path):
        return None
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return np.asarray(mapped) if mapped.dtype == np.float64 and mapped.ndim == 2 else None


def write_state(path: Path, state: State) -> None:
    """Named arrays, as .npz with the hash behind."""
    buffer = BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in state.items()}
    np.savez(buffer, **arrays)
    _write(path, lambda file: file.write(buffer.getbuffer()))


def read_state(path: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays; None where the file is absent, cut off or altered."""
    if not _is_whole(path):
        return None
    try:
        payload = BytesIO(path.read_bytes()[:-_HASH_BYTES])
        with np.load(payload, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError):  # taken away meanwhile, or written by something else
        return None


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            with memoryview(content) as view:
                digest = blake2b(view[:-_HASH_BYTES], digest_size=_HASH_BYTES).digest()
            return len(content) > _HASH_BYTES and digest == content[-_HASH_BYTES:]
    except (OSError, ValueError):  # absent, not readable, or empty
        return False


class _Sealing:
    """A file to write to, which hashes what passes through."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, blake2b(digest_size=_HASH_BYTES)

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def seal(self) -> None:
        self._file.write(self._hash.digest())


def _write(path: Path, fill: Callable[[Any], object]) -> None:
    # Under a name of its own first: a reader sees the old file or the new one, whole, and of two
    # writers the last one wins with the same content.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigError(
            f"the feature cache {path.parent} cannot be written ({error}); name another folder, "
            "or run without a cache"
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            sealing = _Sealing(file)
            fill(sealing)
            sealing.seal()
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
