"""Pareto hypervolume: how much of the cost–quality plane a set of points dominates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats, same_shape


def hypervolume(
    costs: ArrayLike, quality: ArrayLike, *, worst_cost: ArrayLike, worst_quality: ArrayLike = 0.0
) -> Floats:
    """Area between the points' staircase and the reference point (worst_cost, worst_quality).

    Zitzler & Thiele (1998), "Multiobjective optimization using evolutionary algorithms", section
    3, for two aims: low cost, high quality. costs, quality: [..., m]; the reference point is
    [...], in the same units, and one for all that are compared (the dearest arm's cost and
    quality 0, say). A point that is not better than it on both axes adds nothing. Unlike AIQ no
    point is mixed with another. The unit is cost times quality: divide by worst_cost for a share.
    A NaN among a draw's points gives NaN; raises ValueError for unequal shapes or no point.
    """
    cost, value = floats("costs", costs), floats("quality", quality)
    same_shape(costs=cost, quality=value)
    if cost.ndim == 0 or cost.shape[-1] == 0:
        raise ValueError(f"costs has shape {cost.shape}; its last axis must hold the points")
    limit, floor = floats("worst_cost", worst_cost), floats("worst_quality", worst_quality)
    order = np.argsort(cost, axis=-1)
    cost = np.take_along_axis(cost, order, axis=-1)
    gained = np.maximum(np.take_along_axis(value, order, axis=-1) - floor[..., None], 0.0)
    # From each point's cost to the next one's the best so far counts.
    best = np.maximum.accumulate(gained, axis=-1)
    ends = np.minimum(cost, limit[..., None])
    last = np.broadcast_to(limit, ends.shape[:-1])[..., None]
    return np.asarray((best * np.diff(ends, axis=-1, append=last)).sum(axis=-1))
