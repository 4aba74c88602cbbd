"""Is one policy better than another? Evidence that may be looked at after every request."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.ope.arrays import Floats, check_finite
from gairp.ope.bets import log_capital_path


def log_e_values(differences: ArrayLike, *, lowest: float) -> Floats:
    """[..., n]: log evidence after each difference that their mean is above 0.

    differences: [..., n] in order, each at least `lowest` < 0, of any conditional distribution.
    While E[d_t | past] <= 0 the capital Π (1 + λ·d_t / |lowest|) of `gairp.ope.bets` is a
    supermartingale from 1: the evidence ever reaches 1/α with probability at most α. Raises
    ValueError for a difference below `lowest`.
    """
    d = np.asarray(differences, dtype=np.float64)
    check_finite("differences", d)
    if not lowest < 0:
        raise ValueError(f"lowest is {lowest}; give the least that a difference can be, below 0")
    if d.size and d.min() < lowest * (1 + 1e-9):
        raise ValueError(f"a difference is {d.min():.6g}, below the declared bound {lowest}")
    return log_capital_path(np.maximum(d / -lowest, -1.0))
