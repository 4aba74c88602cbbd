"""The doubly robust estimator."""

from __future__ import annotations

from gairp.ope.arrays import Floats
from gairp.ope.direct import expected, residual
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class DR(Estimator):
    """mean(q̂(x, π) + w·(r − q̂(x, a))); Dudík, Langford & Li (2011).

    Right where either the propensities or the model are.
    """

    name = "dr"
    needs_model = True

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: the model under the target, corrected."""
        return (expected(log) + log.weights * residual(log))[:, None]
