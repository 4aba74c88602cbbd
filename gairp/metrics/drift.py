"""How well a stream of choices follows a world that changes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gairp.metrics.arrays import Floats, floats


def segment_best(utilities: ArrayLike, segments: ArrayLike) -> Floats:
    """Utility [m] of the arm that is best in hindsight within each segment.

    utilities: [m, k], what every arm would have been worth, NaN while it was not there; segments:
    [m], equal where the world was the same. An arm must be there throughout a segment to be its
    best; where none is, the best of each request is taken. The comparator of dynamic regret
    (Besbes, Gur, Zeevi 2014, section 2), with one arm a segment.
    """
    table = floats("utilities", utilities, ndim=2)
    marks = np.asarray(segments)
    best = np.empty(len(table))
    for mark in np.unique(marks):
        part = np.flatnonzero(marks == mark)
        means = table[part].mean(axis=0)
        if np.isnan(means).all():
            best[part] = np.nanmax(table[part], axis=1)
        else:
            best[part] = table[part, int(np.nanargmax(means))]
    return best


def adaptation_time(
    regret: ArrayLike, change: int, *, window: int = 50, within: float = 0.05
) -> float:
    """Requests after a change until regret a request is back to `within` of what it was before.

    regret: [m], a request's; it is averaged over windows of `window` requests, and before is the
    window that ends at the change (Besson, Kaufmann, Maillard, Seznec 2022, measure the same
    delay by the detector's). The answer is where the first window begins that is back; infinite
    where none is. Raises ValueError where there is no request before or after the change.
    """
    values = floats("regret", regret, ndim=1)
    if not 0 < change < len(values):
        raise ValueError(f"change is {change} of {len(values)} requests; it must lie within them")
    before = float(values[max(0, change - window) : change].mean())
    after = values[change:]
    means = moving_average(after, window)[min(window, len(after)) - 1 :]
    back = np.flatnonzero(means <= before + within)
    return float(back[0]) if len(back) else math.inf


def adoption_time(chosen: ArrayLike, *, window: int = 50, share: float = 0.1) -> float:
    """Requests from an arm's arrival until its share of the traffic reaches `share`, and holds.

    chosen: [m] from its arrival on, 1 (or a mean over seeds) where the request went to it. The
    share is that of the last `window` requests; it must stay for as many. Infinite where it does
    not. The measure of ParetoBandit's onboarding study.
    """
    shares = moving_average(floats("chosen", chosen, ndim=1), window)
    if len(shares) < window:
        return math.inf
    held = np.lib.stride_tricks.sliding_window_view(shares >= share, window).all(axis=1)
    found = np.flatnonzero(held)
    return float(found[0] + 1) if len(found) else math.inf


def moving_average(values: ArrayLike, window: int) -> Floats:
    """Mean of the last `window` values, of fewer at the beginning; [m]."""
    sums = np.cumsum(floats("values", values, ndim=1))
    behind = np.concatenate([np.zeros(window), sums])[: len(sums)]
    return np.asarray((sums - behind) / np.minimum(np.arange(1, len(sums) + 1), window))


def false_alarms(alarms: ArrayLike, segments: ArrayLike, *, within: int = 200) -> NDArray[np.int64]:
    """Requests [f] at which an alarm was sounded though nothing had changed.

    alarms: [m], how many there were so far; segments: [m]. An alarm is true where a segment began
    in the `within` requests before it, and is the first one since.
    """
    counts, marks = np.asarray(alarms), np.asarray(segments)
    changes = (np.flatnonzero(np.diff(marks)) + 1).tolist()
    answered: set[int] = set()
    false = []
    for at in np.flatnonzero(np.diff(counts, prepend=0) > 0).tolist():
        recent = [c for c in changes if at - within < c <= at and c not in answered]
        if recent:
            answered.update(recent)
        else:
            false.append(at)
    return np.array(false, dtype=np.int64)


def alarm_cost(regret: ArrayLike, at: int, *, window: int = 100) -> float:
    """Regret in the `window` requests after an alarm, above as many requests before it.

    regret: [m], a request's; fewer before or after are scaled up. NaN where there are none.
    """
    values = floats("regret", regret, ndim=1)
    before, after = values[max(0, at - window) : at], values[at : at + window]
    if not len(before) or not len(after):
        return math.nan
    return float((after.mean() - before.mean()) * window)
