"""Holm's correction for looking at several policies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values [m], in the order given; reject where they are at most the level.

    Holm (1979), "A simple sequentially rejective multiple test procedure": the i-th smallest of
    m is multiplied by m − i + 1, made non-decreasing, capped at 1. Controls the family-wise error
    under any dependence. A NaN was not tested: it stays NaN and does not count.
    """
    p = floats("p_values", p_values, ndim=1)
    tested = np.flatnonzero(~np.isnan(p))
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError(f"p_values {p.tolist()} leave [0, 1]")
    order = tested[np.argsort(p[tested], kind="stable")]
    factor = np.arange(len(order), 0, -1)
    adjusted = np.full_like(p, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factor), 1.0)
    return adjusted
