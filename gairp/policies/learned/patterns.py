"""Arms that were observed on the same rows, so that one model with many outputs can serve them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def patterns(observed: NDArray[np.bool_]) -> Iterator[tuple[list[int], NDArray[np.int64]]]:
    """Arms and the rows that observed them; every arm comes once. observed: [n, arms]."""
    found: dict[bytes, list[int]] = {}
    for arm in range(observed.shape[1]):
        found.setdefault(observed[:, arm].tobytes(), []).append(arm)
    for arms in found.values():
        yield arms, np.flatnonzero(observed[:, arms[0]])
