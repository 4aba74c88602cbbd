"""Several policies over several data sets: ranks, Friedman's test, and who cannot be told apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Bools, Floats, floats


class Friedman(NamedTuple):
    """Friedman's test that all policies rank alike."""

    statistic: float  #: F_F of Iman & Davenport, with k − 1 and (k − 1)(N − 1) degrees of freedom
    p_value: float


def mean_ranks(scores: ArrayLike) -> Floats:
    """Mean rank [k] of each policy over the data sets; 1 is the best, ties share their ranks.

    scores: [N, k], larger is better. Demšar (2006), "Statistical comparisons of classifiers over
    multiple data sets", section 3.2.2.
    """
    return np.asarray(_ranks(scores).mean(axis=0))


def friedman(scores: ArrayLike) -> Friedman:
    """Friedman's test in the F-distributed form of Iman & Davenport (1980).

    scores: [N, k] as in `mean_ranks`; Demšar (2006), section 3.2.2: χ² = 12N/(k(k+1)) · (Σ R_j² −
    k(k+1)²/4), F_F = (N−1)χ² / (N(k−1) − χ²). Data sets must be independent: seeds on the same
    prompts are not. Raises ValueError for fewer than two data sets or policies.
    """
    from scipy.stats import f

    ranks = _ranks(scores)
    n, k = ranks.shape
    if n < 2 or k < 2:
        raise ValueError(f"scores has shape {ranks.shape}; give at least 2 data sets and policies")
    chi2 = 12 * n / (k * (k + 1)) * (float((ranks.mean(axis=0) ** 2).sum()) - k * (k + 1) ** 2 / 4)
    room = n * (k - 1) - chi2
    if room <= 1e-12:  # all data sets rank alike
        return Friedman(float("inf"), 0.0)
    statistic = (n - 1) * chi2 / room
    return Friedman(statistic, float(f.sf(statistic, k - 1, (k - 1) * (n - 1))))


def nemenyi_distance(n_policies: int, n_sets: int, *, level: float = 0.05) -> float:
    """The difference of mean ranks from which two policies differ: q_α √(k(k+1)/6N).

    Nemenyi (1963); Demšar (2006), section 3.2.2. q_α is the Studentized range over √2.
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - level, n_policies, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(n_policies * (n_policies + 1) / (6 * n_sets)))


def cliques(differ: ArrayLike) -> list[tuple[int, int]]:
    """Longest runs (first, last) of neighbours of which no two differ; at least two each.

    differ: [k, k], symmetric, of policies in the order of their ranks. These are the bars of a
    critical-difference diagram.
    """
    apart: Bools = np.asarray(differ, dtype=np.bool_)
    found: list[tuple[int, int]] = []
    for first in range(len(apart)):
        last = first
        while last + 1 < len(apart) and not apart[first : last + 2, first : last + 2].any():
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def _ranks(scores: ArrayLike) -> Floats:
    from scipy.stats import rankdata

    values = floats("scores", scores, ndim=2, finite=True)
    # Sums in another order must not part what is equal.
    return np.asarray(rankdata(-np.round(values, 12), axis=1), dtype=np.float64)
