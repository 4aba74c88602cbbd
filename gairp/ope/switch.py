"""The doubly robust estimator that trusts the model where weights are large."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.direct import expected, residual
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class SwitchDR(Estimator):
    """DR whose correction is made only where w <= tau; Wang, Agarwal & Dudík (2017)."""

    consistent = False
    needs_model = True

    def __init__(self, *, tau: float) -> None:
        """`tau` >= 0: 0 is the direct method, infinity is DR."""
        if not tau >= 0:
            raise ValueError(f"tau is {tau}; give a weight of at least 0")
        self.tau = tau
        self.name = f"switch_dr({tau:g})"

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: the model under the target, corrected where the weight allows it."""
        weights = log.weights
        kept = np.where(weights <= self.tau, weights, 0.0)
        return (expected(log) + kept * residual(log))[:, None]
