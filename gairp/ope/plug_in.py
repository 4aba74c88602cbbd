"""A confidence sequence in closed form, with bets sized by what was seen so far."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from gairp.ope.arrays import Floats, check_level, floats


def plug_in_sequence(
    weights: ArrayLike, rewards: ArrayLike, *, alpha: float = 0.05, most: float = 0.5
) -> tuple[Floats, Floats]:
    """Lower and upper ends [n] for the value of the target, from rewards in [0, 1].

    Waudby-Smith, Wu, Ramdas, Karampatziakis & Mineiro (2022), "Anytime-valid off-policy inference
    for contextual bandits", their predictable plug-in empirical Bernstein sequence: centred at a
    running mean truncated at 1, bets √(2·ln(2/α) / (σ̂²·t·ln(1 + t))), at most `most`. Each end is
    the running best.
    """
    check_level(alpha)
    w = floats("weights", weights, (None,))
    r = floats("rewards", rewards, (len(w),))
    lower = _lower(w * r, alpha / 2, most)
    return lower, 1.0 - _lower(w * (1.0 - r), alpha / 2, most)


def _lower(u: Floats, alpha: float, most: float) -> Floats:
    """Lower ends of the mean, in [0, 1], of u >= 0."""
    t = np.arange(1.0, len(u) + 1.0)
    means = (0.5 + np.cumsum(u)) / (t + 1.0)
    before = np.minimum(np.concatenate([[0.5], means[:-1]]), 1.0)  # seen before t, at most 1
    variances = (0.25 + np.cumsum((u - np.minimum(means, 1.0)) ** 2)) / (t + 1.0)
    spread = np.concatenate([[0.25], variances[:-1]])
    bet = np.minimum(np.sqrt(2.0 * math.log(1.0 / alpha) / (spread * t * np.log1p(t))), most)
    psi = -np.log1p(-bet) - bet
    total = np.cumsum(bet)
    ends = np.cumsum(bet * u) - np.cumsum(psi * (u - before) ** 2) - math.log(1.0 / alpha)
    return np.maximum.accumulate(np.maximum(ends / total, 0.0))
