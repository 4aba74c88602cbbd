"""Weighted quantiles, for latencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats, same_shape

LATENCY_PROBABILITIES = (0.50, 0.95, 0.99)


def weighted_quantiles(
    values: ArrayLike,
    probabilities: Sequence[float] = LATENCY_PROBABILITIES,
    weights: ArrayLike | None = None,
) -> Floats:
    """The smallest value whose cumulative weight reaches each probability.

    values, weights: any one shape (e.g. seeds × prompts); weights >= 0, all 1 by default. The
    inverse of the weighted empirical distribution function (type 1 of Hyndman & Fan, 1996): a
    quantile is always a value that was measured. NaN values were not measured and are left out
    with their weight; with nothing left the quantiles are NaN.
    """
    value = floats("values", values).ravel()
    weight = np.ones_like(value) if weights is None else floats("weights", weights).ravel()
    same_shape(values=value, weights=weight)
    if (weight < 0).any() or not all(0 <= p <= 1 for p in probabilities):
        raise ValueError("weights must be >= 0 and probabilities in [0, 1]")
    kept = ~np.isnan(value) & (weight > 0)
    if not kept.any():
        return np.full(len(probabilities), np.nan)
    order = np.argsort(value[kept], kind="stable")
    reached = np.cumsum(weight[kept][order])
    wanted = np.asarray(probabilities) * reached[-1]
    # A hair less than wanted: 0.95 * 20 must not miss the 19th value by rounding.
    index = np.searchsorted(reached, wanted * (1 - 1e-12), side="left")
    return np.asarray(value[kept][order][index], dtype=np.float64)
