"""Inverse propensity scoring over groups of arms instead of arms."""

from __future__ import annotations

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged


class MIPS(Estimator):
    """mean(w(x, e)·r) with w(x, e) = π(e|x) / μ(e|x); Saito & Joachims (2022).

    The embedding e of an arm is its group (a vendor, a family, a size). Unbiased where a group
    earns the same whichever of its arms answers ("no direct effect"), and then of far less
    variance than IPS; biased by the difference within groups otherwise.
    """

    name = "mips"
    consistent = False
    needs_groups = True

    def columns(self, log: Logged) -> Floats:
        """[n, 1]: marginalised weight times reward."""
        return (marginal_weights(log) * log.inverse_observed * log.reward)[:, None]


def marginal_weights(log: Logged) -> Floats:
    """[n]: Σ π(a|x) / Σ μ(a|x) over the chosen arm's group; ValueError without groups."""
    if log.groups is None or log.logging is None:
        raise ValueError("mips needs `groups` of the arms and the whole `logging` probabilities")
    same: Floats = (log.groups[:, None] == log.groups[None, :]).astype(np.float64)
    above, below = log.at_action(log.target @ same), log.at_action(log.logging @ same)
    return np.asarray(above / below, dtype=np.float64)
