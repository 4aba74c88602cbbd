"""An interval for a mean that holds at every n, not only in the limit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from gairp.ope.arrays import check_finite, check_level, floats


def empirical_bernstein(
    values: ArrayLike, *, low: float, high: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Two-sided interval of level 1 − alpha for the mean of independent values in [low, high].

    mean ± (√(2·V·ln(4/α) / n) + 7·(high − low)·ln(4/α) / (3·(n − 1))), V the sample variance:
    Maurer & Pontil (2009), theorem 4, on either side at α/2. For one n that was fixed beforehand.
    Raises ValueError for fewer than two values, and for one outside the bounds.
    """
    check_level(alpha)
    x = floats("values", values, (None,))
    check_finite("values", x)
    n = len(x)
    if n < 2:
        raise ValueError(f"there are {n} values; a variance needs two")
    slack = 1e-9 * (high - low)
    if x.min() < low - slack or x.max() > high + slack:
        raise ValueError(
            f"values span [{x.min():.6g}, {x.max():.6g}], outside the bounds [{low}, {high}]"
        )
    log_term = math.log(4.0 / alpha)
    width = math.sqrt(2.0 * float(np.var(x, ddof=1)) * log_term / n)
    width += 7.0 * (high - low) * log_term / (3.0 * (n - 1))
    centre = float(x.mean())
    return centre - width, centre + width
