"""Self-normalised inverse propensity scoring."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class SNIPS(Estimator):
    """Σ w·r / Σ w; Swaminathan & Joachims (2015), after Hájek.

    A weighted mean of rewards, so it stays within their range; biased by O(1/n).
    """

    name = "snips"

    def columns(self, log: Logged) -> Floats:
        """[n, 2]: w·r and w."""
        weights = log.weights
        return np.column_stack([weights * log.reward, weights])

    def value(self, means: Floats, n: int) -> Floats:
        """NaN where every weight is 0."""
        return ratio(means[..., 0], means[..., 1])


def ratio(above: Floats, below: Floats) -> Floats:
    """above / below; NaN where below is 0."""
    return np.asarray(above / np.where(below == 0, np.nan, below), dtype=np.float64)
