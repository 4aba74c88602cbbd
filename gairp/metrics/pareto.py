"""Points that no other point beats on cost and quality at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Bools, floats, same_shape


def non_dominated(costs: ArrayLike, quality: ArrayLike) -> Bools:
    """Which points [k] have no other at most as dear and at least as good, one of them strictly.

    costs, quality: [k], finite. Equal points do not dominate each other. Unlike the hull, this
    keeps points under the line between two others.
    """
    cost = floats("costs", costs, ndim=1, finite=True)
    value = floats("quality", quality, ndim=1, finite=True)
    same_shape(costs=cost, quality=value)
    no_dearer, no_worse = cost[:, None] <= cost, value[:, None] >= value
    strictly = (cost[:, None] < cost) | (value[:, None] > value)
    return np.asarray(~(no_dearer & no_worse & strictly).any(axis=0))
