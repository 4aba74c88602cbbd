"""Has the mean changed? A test that may be looked at after every outcome, and stopped at will.

A gambler who believes in a change bets a share γ of the capital on each paired difference d in
[−1, 1]: the capital becomes Π (1 + γ d_t). While E[d_t | past] = 0 that is a fair game, a
non-negative martingale from 1, and by Ville's inequality it ever reaches 1/α with probability α at
most, over all times at once. Waudby-Smith & Ramdas (2024), "Estimating means of bounded random
variables by betting", section 4, with their X = (1 + d)/2, m = 1/2 and λ = 2γ.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats


class EProcess(NamedTuple):
    """Evidence after each of n differences, all [n]; infinite where it exceeds a float.

    `path` is evidence against "no change", the mean of the two others; `rose` against "the mean
    is 0 or less", `fell` against "the mean is 0 or more", each valid by itself. 1 over the largest
    value so far is a p-value at every time.
    """

    path: Floats
    rose: Floats
    fell: Floats
    crossing: int | None  #: differences seen when `path` first reached 1/α; None: never


def e_process(differences: ArrayLike, *, alpha: float = 0.05, bets: int = 32) -> EProcess:
    """Test for a change in the mean of paired differences, refreshed − reference, in order.

    differences: [n], each in [−1, 1], as the difference of two qualities in [0, 1] is. They must
    be those of prompts drawn at random, one of a group of near-duplicates, in an order that does
    not depend on their outcomes. A NaN was not recorded: nothing is bet on it.

    The capital is spread evenly over `bets` constant bets γ = (i − ½) / bets on each side, so that
    some of them suits the change, whatever its size and the spread: the "diversified" bets of the
    paper. No outcome chooses a bet, and the evidence after n differences does not depend on their
    order. Raises ValueError outside [−1, 1], and for settings that make no test.
    """
    if not 0.0 < alpha < 1.0 or bets < 1:
        raise ValueError(f"alpha is {alpha} and bets is {bets}; give 0 < alpha < 1 and bets >= 1")
    steps = floats("differences", differences, ndim=1)
    if (np.abs(steps) > 1.0).any():  # a NaN compares as False
        at = int(np.argmax(np.abs(np.nan_to_num(steps)) > 1.0))
        raise ValueError(f"differences[{at}] is {steps[at]}, outside [-1, 1]")
    steps = np.nan_to_num(steps)
    rose, fell = log_capital(steps, bets), log_capital(-steps, bets)
    log_path = np.logaddexp(rose, fell) - math.log(2.0)
    crossed = np.flatnonzero(log_path >= -math.log(alpha))
    with np.errstate(over="ignore"):
        return EProcess(
            path=np.exp(log_path),
            rose=np.exp(rose),
            fell=np.exp(fell),
            crossing=int(crossed[0]) + 1 if len(crossed) else None,
        )


def log_capital(steps: Floats, bets: int) -> Floats:
    """Logarithm of the mean capital of bets on steps of −1 or more whose mean is 0 or less, [n]."""
    shares = (np.arange(bets) + 0.5) / bets
    total = np.full(len(steps), -math.inf)
    for share in shares:  # one at a time: a table [bets, n] of a long record would be large
        capital = np.cumsum(np.log1p(share * steps))
        total = np.logaddexp(total, capital)
    return total - math.log(bets)
