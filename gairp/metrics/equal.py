"""A policy beside a set of points: quality at equal cost, cost at equal quality."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats
from gairp.metrics.hull import cost_at_quality, frontier_quality


def gain_at_equal_cost(
    cost: ArrayLike, quality: ArrayLike, costs: ArrayLike, qualities: ArrayLike
) -> Floats:
    """quality − R̃(cost): how much better than mixing the points at the same mean cost.

    cost, quality: [...], of the policy; costs, qualities: [..., m], the points that may be mixed:
    fixed arms, or the sweep of another policy. Below the cheapest point the cheapest stands in
    (`hull.feasible` says where). Leading axes are bootstrap draws.
    """
    mixed = frontier_quality(costs, qualities, cost)
    return np.asarray(floats("quality", quality) - mixed)


def saving_at_equal_quality(
    cost: ArrayLike, quality: ArrayLike, costs: ArrayLike, qualities: ArrayLike
) -> Floats:
    """1 − cost / (cost of mixing the points at the same mean quality); arguments as above.

    NaN where no mix is as good, or where that mix is free.
    """
    mixed = cost_at_quality(costs, qualities, quality)
    priced = np.where(mixed > 0, mixed, np.nan)
    return np.asarray(1.0 - floats("cost", cost) / priced)
