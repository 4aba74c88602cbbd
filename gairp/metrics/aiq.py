"""AIQ: the average quality of a router over the range of costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats
from gairp.metrics.hull import frontier_quality

MIN_POINTS = 5


def aiq(costs: ArrayLike, quality: ArrayLike, *, c_min: ArrayLike, c_max: ArrayLike) -> Floats:
    """AIQ = 1/(c_max − c_min) · ∫ R̃(c) dc from c_min to c_max.

    Hu et al. (2024), "RouterBench", section 3, with the integral divided by the *range* of costs
    (the code published with the paper divides by the largest cost).

    costs, quality: [..., m], the m >= 5 points of one policy's sweep over its trade-off;
    c_min, c_max: [...], mean cost of the cheapest and the dearest fixed arm, so that policies
    share one range. R̃ is the points' upper concave non-decreasing hull, flat to the right of
    the best point. To the left of the cheapest point it falls linearly to (0, 0), the mix with
    giving no answer: a policy earns nothing at a cost that it cannot attain.

    Leading axes are bootstrap draws, so that hull and normaliser are recomputed in each.
    Raises ValueError below five points, or where c_max <= c_min.
    """
    cost, value = floats("costs", costs), floats("quality", quality)
    if cost.shape != value.shape or cost.ndim == 0 or cost.shape[-1] < MIN_POINTS:
        raise ValueError(
            f"costs {cost.shape} and quality {value.shape}: AIQ needs a sweep of at least "
            f"{MIN_POINTS} points, the same number of each; run more trade-offs or leave AIQ blank"
        )
    low, high = np.broadcast_arrays(floats("c_min", c_min), floats("c_max", c_max))
    if (high <= low).any():
        raise ValueError(
            "c_max <= c_min: AIQ is undefined where the cheapest and the dearest arm cost the same"
        )
    return np.asarray(_area(cost, value, low, high) / (high - low), dtype=np.float64)


def _area(cost: Floats, value: Floats, low: Floats, high: Floats) -> Floats:
    """∫ R̃: exact, because R̃ is linear between the points' costs."""
    inner = np.clip(cost, low[..., None], high[..., None])
    lead = inner.shape[:-1]
    edges = [np.broadcast_to(edge, lead)[..., None] for edge in (low, high)]
    grid = np.sort(np.concatenate([*edges, inner], axis=-1), axis=-1)
    heights = np.stack(
        [_attained(cost, value, grid[..., i]) for i in range(grid.shape[-1])], axis=-1
    )
    return np.asarray(np.trapezoid(heights, grid, axis=-1), dtype=np.float64)


def _attained(cost: Floats, value: Floats, at: Floats) -> Floats:
    first = cost.min(axis=-1)
    share = np.minimum(at / np.where(first > 0, first, 1.0), 1.0)
    return frontier_quality(cost, value, at) * np.where(at < first, share, 1.0)
