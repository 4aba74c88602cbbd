"""Bets on a mean: what the capital of a gambler says about it at any time.

u_t >= 0 has a mean in [0, 1] given the past, whatever the past was. Who believes that the mean is
above m bets a share λ: the capital Π (1 + λ·(u_t − m)) is a non-negative supermartingale from 1 as
long as the mean is at most m, and by Ville's inequality it ever reaches 1/α with probability at
most α. The capital is spread evenly over bets of many sizes, of which one will suit whatever the
spread of the values and the length of the record: no outcome chooses a bet. Waudby-Smith & Ramdas
(2024), "Estimating means of bounded random variables by betting", section 4 ("diversified" bets).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gairp.ope.arrays import Floats

#: Shares of the capital; spaced evenly on a log scale, between few-and-large and many-and-small.
BETS: Floats = np.geomspace(4e-4, 0.9, 16)
#: Halvings of [0, 1] when the capital is solved for the mean: 2^-20 is far below any width.
HALVINGS = 20


def log_capital_path(steps: Floats) -> Floats:
    """[..., n]: log capital after each of the steps u − m, [..., n], each at least −1."""
    total = np.full(steps.shape, -np.inf)
    for logs in _logs(steps):
        total = np.logaddexp(total, np.cumsum(logs, axis=-1))
    return total - math.log(len(BETS))


def log_capital(steps: Floats) -> Floats:
    """[...]: log capital after all steps u − m, [..., n]."""
    ends = np.stack([logs.sum(axis=-1) for logs in _logs(steps)])
    return np.asarray(np.logaddexp.reduce(ends, axis=0) - math.log(len(BETS)))


def lower_end(u: Floats, alpha: float) -> Floats:
    """[...]: the least mean in [0, 1] that the capital of u, [..., n], does not refute at α."""
    bar = -math.log(alpha)
    low, high = np.zeros(u.shape[:-1]), np.ones(u.shape[:-1])
    for _ in range(HALVINGS):  # the capital falls in the mean, so that it may be halved in on
        middle = (low + high) / 2.0
        refuted = log_capital(u - middle[..., None]) >= bar
        low, high = np.where(refuted, middle, low), np.where(refuted, high, middle)
    return low


def _logs(steps: Floats) -> Iterator[Floats]:
    """What each bet does to the logarithm of its capital; one at a time, a table would be large."""
    for bet in BETS:
        yield np.log1p(bet * steps)
