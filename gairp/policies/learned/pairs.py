"""Preference pairs made from scores: which of two arms did better on a prompt?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pairs(NamedTuple):
    """All pairs of arms, i < j, and how each training row prefers them."""

    first: Ints  #: [p], column of the arm i
    second: Ints  #: [p], column of the arm j
    win: Floats  #: [n, p], (1 + score_i - score_j) / 2: 1 a win of i, 0.5 a tie; 0 unobserved
    known: NDArray[np.bool_]  #: [n, p], where both arms were observed

    @classmethod
    def of(cls, score: Floats, observed: NDArray[np.bool_]) -> Pairs:
        """Every pair of arms; score [n, arms] in [0, 1]."""
        first, second = np.triu_indices(score.shape[1], 1)
        known = observed[:, first] & observed[:, second]
        win = (1.0 + score[:, first] - score[:, second]) / 2.0
        return cls(first, second, np.where(known, win, 0.0), known)

    def signs(self, arms: int) -> Floats:
        """[p, arms]: 1 for the first arm of a pair, -1 for the second."""
        return np.eye(arms)[self.first] - np.eye(arms)[self.second]


def borda(strength: Floats) -> Floats:
    """Expected lead of each arm over the mean of all, from strengths [..., k].

    The model says E[(1 + score_i - score_j) / 2] = sigma(strength_i - strength_j), so the mean
    over j of 2 sigma(.) - 1 is E[score_i] less the mean over all arms: strengths in the unit of
    quality, but for a constant of the prompt, which no choice hangs on.
    """
    gaps = strength[..., :, None] - strength[..., None, :]
    return np.asarray((2.0 * expit(gaps) - 1.0).mean(axis=-1))
