"""Replications in chunks that survive a kill: what is there is not done again."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from gairp.runners.finished import whole
from gairp.types import Floats

SIZE = 50

Run = Callable[[int, np.random.Generator], Floats]


def gathered(
    folder: Path, name: str, run: Run, *, count: int, seed: int, told: Callable[[str], None]
) -> Floats:
    """[count, ...]: what `run(size, rng)` gives, chunk after chunk, from files where they exist.

    A chunk depends on the seed, the name and its number alone.
    """
    parts = []
    for number, size in enumerate(_sizes(count)):
        file = folder / name / f"{number:04d}-{size}.npy"
        if not file.exists():
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
            values = run(size, rng)
            with whole(file) as out:
                np.save(out, values)
            told(f"{name}: {min(count, (number + 1) * SIZE):,} of {count:,}")
        parts.append(np.load(file))
    return np.concatenate(parts)


def _sizes(count: int) -> Iterator[int]:
    for start in range(0, count, SIZE):
        yield min(SIZE, count - start)
