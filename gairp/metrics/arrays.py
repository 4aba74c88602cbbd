"""The array types that every metric speaks, and the check that opens most of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def floats(
    name: str, values: ArrayLike, *, ndim: int | None = None, finite: bool = False
) -> Floats:
    """`values` as float64, with `ndim` axes where that is asked.

    Raises ValueError naming the argument for the wrong number of axes and, with `finite`, for
    NaN or infinity (its first position is given).
    """
    array = np.asarray(values, dtype=np.float64)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} has {array.ndim} axes {array.shape}; give it {ndim}")
    if finite and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}{list(where)} is {array[where]}; leave unrecorded outcomes out first"
        )
    return array


def same_shape(**arrays: Floats) -> None:
    """Raises ValueError, naming the arguments, unless all arrays have one shape."""
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"shapes differ: {listed}; give arrays of one shape")


def both_known(weights: ArrayLike | None, **pair: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Two named columns [n] and weights [..., n], ones by default, of the items that both have.

    Raises ValueError, naming the arguments, for other lengths and for negative weights.
    """
    (a_name, first), (b_name, second) = pair.items()
    a, b = floats(a_name, first, ndim=1), floats(b_name, second, ndim=1)
    w = np.ones(len(a)) if weights is None else floats("weights", weights)
    if not len(a) == len(b) == w.shape[-1]:
        raise ValueError(
            f"{a_name} has {len(a)} items, {b_name} {len(b)} and weights {w.shape[-1]}; give each n"
        )
    if (w < 0).any():
        raise ValueError("weights must be >= 0")
    kept = ~(np.isnan(a) | np.isnan(b))
    return a[kept], b[kept], w[..., kept]
