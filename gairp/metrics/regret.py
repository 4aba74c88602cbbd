"""Utility, and the regret of a stream of choices against a named comparator."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats
from gairp.metrics.selection import best_fixed, oracle_choice, take


def utility(
    quality: ArrayLike,
    cost: ArrayLike | None = None,
    latency: ArrayLike | None = None,
    *,
    cost_weight: float = 0.0,
    latency_weight: float = 0.0,
) -> Floats:
    """u = quality − λ·cost − μ·latency, elementwise.

    cost in USD with λ in quality per USD, latency in seconds with μ in quality per second; a NaN
    anywhere gives NaN. A term with weight 0 is not read, so a source may lack it; raises
    ValueError for a weight without its term.
    """
    total = floats("quality", quality)
    for name, values, weight in (
        ("cost", cost, cost_weight),
        ("latency", latency, latency_weight),
    ):
        if weight == 0.0:
            continue
        if values is None:
            raise ValueError(
                f"{name}_weight is {weight} but there is no {name}; give it or weigh 0"
            )
        total = total - weight * floats(name, values)
    return total


def oracle_utility(table: ArrayLike, cost: ArrayLike | None = None) -> Floats:
    """Utility [n] of the per-prompt oracle; table, cost: [n, k]. Ties as in `oracle_choice`."""
    return take(table, oracle_choice(table, cost))


def best_fixed_utility(table: ArrayLike, cost: ArrayLike | None = None) -> Floats:
    """Utility [n] of the best fixed arm in hindsight; table, cost: [n, k]."""
    return floats("table", table, ndim=2)[:, best_fixed(table, cost)]


def cumulative_regret(chosen: ArrayLike, comparator: ArrayLike) -> Floats:
    """Σ over the stream so far of comparator utility − chosen utility, in utility units.

    chosen: [..., n] in the order of the stream (each seed has its own: reorder the comparator
    alike); comparator broadcasts against it. A NaN on either side was not compared and adds
    nothing. The regret against the per-prompt oracle never falls; against a fixed arm it may.
    Cesa-Bianchi & Lugosi (2006), "Prediction, Learning, and Games", chapter 2.
    """
    return np.nancumsum(floats("comparator", comparator) - floats("chosen", chosen), axis=-1)
