"""Inverse propensity scoring with a ceiling on the weights."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class ClippedIPS(Estimator):
    """mean(min(w, ceiling)·r); Ionides (2008), "Truncated importance sampling".

    Too low where rewards are positive, by what the ceiling cuts off.
    """

    consistent = False

    def __init__(self, *, ceiling: float) -> None:
        """`ceiling` > 0; infinite clips nothing."""
        if not ceiling > 0:
            raise ValueError(f"ceiling is {ceiling}; give a weight above 0")
        self.ceiling = ceiling
        self.name = f"clipped_ips({ceiling:g})"

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: min(w, ceiling)·r."""
        return (np.minimum(log.weights, self.ceiling) * log.reward)[:, None]
