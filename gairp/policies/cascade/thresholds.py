"""The thresholds of a chain that were worth most on recorded rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Cuts tried at a stage before the last two, as quantiles of the scores that reach it.
_CUTS = 16


class Thresholds(NamedTuple):
    """Where each stage but the last stops: at a score of at least this."""

    values: tuple[float, ...]  #: [stages - 1]
    worth: float  #: mean utility of all rows


def best_thresholds(worth: Floats, scores: Floats) -> Thresholds:
    """Thresholds of the largest mean worth.

    worth [n, m]: utility of a row that ends at stage j, all attempts up to it paid. scores
    [n, m - 1]: of the answer at each stage but the last; NaN goes on. The last threshold is the
    best of all for the rows that reach it; earlier ones are searched on quantiles.
    """
    values, total = _best(worth, scores)
    return Thresholds(values, total / len(worth))


def _best(worth: Floats, scores: Floats) -> tuple[tuple[float, ...], float]:
    if worth.shape[1] == 1:
        return (), float(worth[:, 0].sum())
    if not len(worth):
        return (np.inf,) * scores.shape[1], 0.0
    if worth.shape[1] == 2:
        cut, total = _best_cut(scores[:, 0], worth[:, 0] - worth[:, 1])
        return (cut,), total + float(worth[:, 1].sum())
    first = scores[:, 0]
    found: tuple[tuple[float, ...], float] = ((), -np.inf)
    for cut in _cuts(first):
        stops = first >= cut
        later, total = _best(worth[~stops, 1:], scores[~stops, 1:])
        total += float(worth[stops, 0].sum())
        if total > found[1]:
            found = ((cut, *later), total)
    return found


def _cuts(score: Floats) -> list[float]:
    known = score[~np.isnan(score)]
    if not len(known):
        return [np.inf]
    inner = np.unique(np.quantile(known, np.linspace(0.0, 1.0, _CUTS + 1), method="higher"))
    return [*inner.tolist(), np.inf]


def _best_cut(score: Floats, gain: Floats) -> tuple[float, float]:
    """The cut, and the sum of `gain` over the rows whose score is at least it; of equals the
    lowest sum of stops, that is, the highest cut.
    """
    known = np.flatnonzero(~np.isnan(score))
    order = known[np.argsort(-score[known], kind="stable")]
    sums = np.concatenate([[0.0], np.cumsum(gain[order])])
    ordered = np.concatenate([[np.inf], score[order]])
    # A cut between equal scores cannot be: only where the next one is lower.
    possible = np.append(ordered[:-1] > ordered[1:], True)
    at = int(np.where(possible, sums, -np.inf).argmax())
    return float(ordered[at]), float(sums[at])
