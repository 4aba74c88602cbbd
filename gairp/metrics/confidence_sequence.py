"""An interval of a mean that may be looked at after every outcome, and stopped at will.

A candidate mean m is refused once a game that is fair under it has multiplied its capital by 1/α;
what is never refused is the interval, and it holds the true mean at all times together with
probability 1 − α. Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by
betting", theorem 3: their hedged capital, with the constant bets of `e_process`. Asked at m = 0 it
is that test: the interval leaves 0 out exactly when the test has found a change.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats
from gairp.metrics.e_process import log_capital

_EDGE = 1e-9
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_HALVINGS = 24


def confidence_sequence(
    differences: ArrayLike, *, alpha: float = 0.05, bets: int = 32
) -> tuple[float, float]:
    """Lowest and highest mean that n differences in [−1, 1], taken in order, never refused.

    Without a difference that is [−1, 1]. A NaN was not recorded: nothing is bet on it. Where every
    mean was refused (a chance of α at most) both ends are the one that held out best. Raises
    ValueError outside [−1, 1], and for settings that make no interval.
    """
    if not 0.0 < alpha < 1.0 or bets < 1:
        raise ValueError(f"alpha is {alpha} and bets is {bets}; give 0 < alpha < 1 and bets >= 1")
    steps = floats("differences", differences, ndim=1)
    steps = steps[~np.isnan(steps)]
    if (np.abs(steps) > 1.0).any():
        raise ValueError(f"a difference of {steps[np.argmax(np.abs(steps))]} is outside [-1, 1]")
    values, enough = (1.0 + steps) / 2.0, -math.log(alpha)
    if not len(values):
        return -1.0, 1.0

    def against(mean: float) -> float:
        return _largest(values, mean, bets)

    # Each capital is convex in the mean (a mean of products of positive convex factors, all falling
    # or all rising), and so is the largest sum of two: what is not refused is one interval.
    held = _lowest_point(against, enough)
    if against(held) >= enough:
        ends = (held, held)
    else:
        ends = (
            _boundary(against, held, _EDGE, enough),
            _boundary(against, held, 1 - _EDGE, enough),
        )
    return 2.0 * ends[0] - 1.0, 2.0 * ends[1] - 1.0


def _largest(values: Floats, mean: float, bets: int) -> float:
    """Logarithm of the largest capital so far against this mean, both in [0, 1]."""
    above = log_capital(values / mean - 1.0, bets)
    below = log_capital((1.0 - values) / (1.0 - mean) - 1.0, bets)
    return float(np.logaddexp(above, below).max()) - math.log(2.0)


def _lowest_point(against: Callable[[float], float], enough: float) -> float:
    """A mean that is not refused, by golden section; where there is none, the least refused."""
    low, high = _EDGE, 1.0 - _EDGE
    for _ in range(_HALVINGS * 2):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        found = {left: against(left), right: against(right)}
        best = min(found, key=lambda mean: found[mean])
        if found[best] < enough:
            return best
        low, high = (low, right) if best == left else (left, high)
    return 0.5 * (low + high)


def _boundary(against: Callable[[float], float], held: float, end: float, enough: float) -> float:
    """Between a mean that holds and the end of the range, outside of what holds."""
    if against(end) < enough:
        return round(end)
    inside, outside = held, end
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if against(middle) < enough else (inside, middle)
    return outside
