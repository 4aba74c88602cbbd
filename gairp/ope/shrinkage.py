"""The doubly robust estimator with weights shrunk for the least bound on its error."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.direct import expected, residual
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class ShrinkageDR(Estimator):
    """DR with w replaced by λ·w / (w² + λ); Su, Dimakopoulou, Krishnamurthy & Dudík (2020).

    Their optimistic shrinkage, "DRos".
    """

    consistent = False
    needs_model = True

    def __init__(self, *, lam: float) -> None:
        """`lam` >= 0: 0 is the direct method, infinity is DR."""
        if not lam >= 0:
            raise ValueError(f"lam is {lam}; give a number of at least 0")
        self.lam = lam
        self.name = f"shrinkage_dr({lam:g})"

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: the model under the target, corrected with shrunk weights."""
        weights = log.weights
        if np.isfinite(self.lam):
            shrunk = np.zeros_like(weights)
            np.divide(self.lam * weights, weights**2 + self.lam, out=shrunk, where=weights > 0)
            weights = shrunk
        return (expected(log) + weights * residual(log))[:, None]
