"""The direct method: believe the reward model."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class DirectMethod(Estimator):
    """mean(Σ_a π(a|x)·q̂(x, a)); Beygelzimer & Langford (2009).

    As biased as the model; no weights, so little variance, and an interval that ignores the bias.
    """

    name = "dm"
    consistent = False
    needs_model = True

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: the modelled reward under the target."""
        return expected(log)[:, None]


def expected(log: Logged) -> Floats:
    """[n]: q̂(x, π) = Σ_a π(a|x)·q̂(x, a)."""
    return np.asarray(np.einsum("nk,nk->n", log.target, log.model), dtype=np.float64)


def residual(log: Logged) -> Floats:
    """[n]: r − q̂(x, a); what the model leaves over (its weight is 0 where no reward arrived)."""
    return log.reward - log.at_action(log.model)
