"""Is a·V(one) above b·V(other)? Evidence that may be looked at after every request.

The same question in four forms makes a promotion gate: is the challenger's quality above the
champion's, is it below, is its cost below 1.05 times the champion's, is it above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gairp.ope.arrays import Floats
from gairp.ope.e_value import log_e_values


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of two policies, on rows in the order in which they were decided."""

    weights: Floats  #: [n], π(a|x) / μ(a|x)
    expected: Floats  #: [n], q̂_t(x, π), in [0, 1], from earlier rewards alone


def log_evidence(
    one: Side,
    other: Side,
    rewards: Floats,
    modelled: Floats,
    *,
    a: float = 1.0,
    b: float = 1.0,
    margin: float = 0.0,
    max_weight: float | None = None,
) -> Floats:
    """[n]: log evidence after each row that a·V(one) − b·V(other) is above `margin`.

    rewards: [n] in [0, 1], or NaN; modelled: [n], q̂_t(x, a) in [0, 1]. A missing reward takes the
    value that speaks against the claim. While the claim is false the evidence ever exceeds
    log(1/α) with probability at most α.

    a·w·r + b·v·(1 − r) − b has the right mean and is at least −b whatever the weights are. With
    `max_weight` declared the doubly robust terms are bounded as well; then the evidence is the mean
    of both, since either wins in some logs. Raises ValueError for a weight above `max_weight`.
    """
    w, v = one.weights, other.weights
    r = np.where(np.isnan(rewards), (a * w < b * v).astype(np.float64), rewards)
    plain = log_e_values(a * w * r + b * v * (1.0 - r) - b - margin, lowest=-(b + margin))
    if max_weight is None:
        return plain
    check_weights(np.maximum(w, v), max_weight)
    robust = a * (one.expected + w * (r - modelled)) - b * (other.expected + v * (r - modelled))
    lowest = -(b + max(a, b) * max_weight + margin)
    both = np.logaddexp(plain, log_e_values(robust - margin, lowest=lowest))
    return np.asarray(both - np.log(2.0))


def check_weights(weights: Floats, max_weight: float) -> None:
    """Raise ValueError for the first row whose weight exceeds what was declared."""
    above = np.flatnonzero(weights > max_weight * (1.0 + 1e-9))
    if len(above):
        row = int(above[0])
        raise ValueError(
            f"row {row} has the weight {weights[row]:.6g}, above max_weight = "
            f"{max_weight}; declare a larger one, or none"
        )
