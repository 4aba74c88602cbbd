"""Inverse propensity scoring."""

from __future__ import annotations

from gairp.ope.arrays import Floats
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class IPS(Estimator):
    """mean(w·r); Horvitz & Thompson (1952), for policies Precup, Sutton & Singh (2000).

    Unbiased; its variance grows with the squared weights.
    """

    name = "ips"

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: w·r."""
        return (log.weights * log.reward)[:, None]
