"""The RouterArena score: accuracy and log cost in one number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats

CEILING_USD = 200.0
FLOOR_USD = 0.0044


def routerarena_score(accuracy: ArrayLike, usd_per_1k: ArrayLike, *, beta: float = 0.1) -> Floats:
    """(1 + β)·A·C / (β·A + C), with C = log(200/c) / log(200/0.0044).

    Lu et al. (2025), "RouterArena", whose constants these are. accuracy A in [0, 1]; usd_per_1k
    c: US dollars per 1,000 queries. They broadcast. c is clipped to [0.0044, 200], where C is 1
    and 0; the score is 0 where A or C is 0.

    Raises ValueError for a cost of zero or less: an arm without a price is not a free arm.
    """
    right, cost = floats("accuracy", accuracy), floats("usd_per_1k", usd_per_1k)
    if (cost <= 0).any():
        raise ValueError(f"usd_per_1k is {cost.min()}; price every arm before scoring it")
    span = np.log(CEILING_USD / FLOOR_USD)
    cheapness = np.log(CEILING_USD / np.clip(cost, FLOOR_USD, CEILING_USD)) / span
    weight = beta * right + cheapness
    score = (1.0 + beta) * right * cheapness / np.where(weight == 0, 1.0, weight)
    return np.asarray(score, dtype=np.float64)
