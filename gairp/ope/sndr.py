"""The doubly robust estimator with a self-normalised correction."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.direct import expected, residual
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged
from gairp.ope.snips import ratio


class SNDR(Estimator):
    """mean(q̂(x, π)) + Σ w·(r − q̂) / Σ w; Thomas & Brunskill (2016), section 4."""

    name = "sndr"
    needs_model = True

    def columns(self, log: Logged) -> Floats:
        """[n, 3]: the model under the target, the weighted residual, the weight."""
        weights = log.weights
        return np.column_stack([expected(log), weights * residual(log), weights])

    def value(self, means: Floats, n: int) -> Floats:
        """NaN where every weight is 0."""
        return means[..., 0] + ratio(means[..., 1], means[..., 2])
