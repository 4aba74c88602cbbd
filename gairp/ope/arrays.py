"""The array types of this room, and the check that opens most of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def floats(name: str, values: ArrayLike, shape: tuple[int | None, ...]) -> Floats:
    """`values` as float64 of this shape, where None leaves a length open; ValueError otherwise."""
    array = np.asarray(values, dtype=np.float64)
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = "[" + ", ".join("any" if want is None else str(want) for want in shape) + "]"
        raise ValueError(f"{name} has the shape {list(array.shape)}; give it {wanted}")
    return array


def check_finite(name: str, array: Floats) -> None:
    """Raise ValueError with the first position that is NaN or infinite."""
    if not np.isfinite(array).all():
        where = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise ValueError(f"{name}{where} is {array[tuple(where)]}; it must be a finite number")


def check_level(alpha: float) -> None:
    """Raise ValueError for an error rate that is none."""
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; give an error rate such as 0.05")
