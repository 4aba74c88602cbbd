"""The upper concave non-decreasing hull of (cost, quality) points, and mixing along it.

Choosing at random between arms, with fixed probabilities, reaches every point between theirs.
What such mixes can reach at mean cost c is bounded by the hull R̃(c) of Hu et al. (2024),
"RouterBench", section 3 (the non-decreasing convex hull): concave because mixes are linear,
flat to the right of the best point because nobody has to spend a budget.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Bools, Floats, Ints, floats, same_shape

#: Relative and absolute slack for equal costs and equal qualities that were summed differently.
TOLERANCE = 1e-9


def hull_vertices(costs: ArrayLike, quality: ArrayLike) -> Ints:
    """Indices of the hull's vertices, from the cheapest to the best.

    costs, quality: [k], finite. Of equal points the first is kept; a point on the line between
    two others is no vertex. Raises ValueError for no point, unequal shapes or a NaN.
    """
    cost = floats("costs", costs, ndim=1, finite=True)
    value = floats("quality", quality, ndim=1, finite=True)
    same_shape(costs=cost, quality=value)
    if not len(cost):
        raise ValueError("costs is empty; a hull needs at least one point")
    kept: list[int] = []
    for i in np.lexsort((-value, cost)).tolist():
        if kept and value[i] <= value[kept[-1]]:
            continue  # dearer and no better
        while len(kept) > 1 and not _turns_right(cost, value, kept[-2], kept[-1], i):
            kept.pop()
        kept.append(i)
    return np.array(kept, dtype=np.int64)


def _turns_right(cost: Floats, value: Floats, a: int, b: int, c: int) -> bool:
    rise_ab = (value[b] - value[a]) * (cost[c] - cost[b])
    rise_bc = (value[c] - value[b]) * (cost[b] - cost[a])
    on_a_line = 1e-12 * (abs(rise_ab) + abs(rise_bc))
    return bool(rise_ab - rise_bc > on_a_line)


def frontier_quality(costs: ArrayLike, quality: ArrayLike, at: ArrayLike) -> Floats:
    """R̃(at): the quality of the best fixed mix whose mean cost is at most `at`.

    costs, quality: [..., k]; at: [...], broadcast against the leading axes (bootstrap draws, or a
    grid of budgets). Flat to the right of the best point. No mix costs less than the cheapest
    arm: there the quality of the cheapest is returned, which favours the mix, and `feasible` is
    False. A NaN among a draw's points gives NaN.
    """
    cost, value, budget = _points(costs, quality, at)
    best = _best_mix(cost, value, budget)
    cheapest = np.where(cost == cost.min(axis=-1, keepdims=True), value, -np.inf).max(axis=-1)
    best = np.where(np.isneginf(best), cheapest, best)
    return np.where(_unknown(cost, value, budget), np.nan, best)


def cost_at_quality(costs: ArrayLike, quality: ArrayLike, target: ArrayLike) -> Floats:
    """The lowest mean cost of a fixed mix whose quality is at least `target`.

    Shapes as in `frontier_quality`, whose inverse this is. NaN where no mix is that good (an
    excess below 1e-9 is rounding, and counts as reached).
    """
    cost, value, wanted = _points(costs, quality, target)
    top = value.max(axis=-1)
    wanted = np.where((wanted > top) & (wanted <= top + TOLERANCE), top, wanted)
    found = -_best_mix(-value, -cost, -wanted)  # the same envelope with its axes exchanged
    return np.where(np.isinf(found) | _unknown(cost, value, wanted), np.nan, found)


def feasible(costs: ArrayLike, at: ArrayLike) -> Bools:
    """Whether some fixed arm costs at most `at` (within 1e-9, relative). Shapes as above."""
    cheapest = floats("costs", costs).min(axis=-1)
    return np.asarray(floats("at", at) >= cheapest - TOLERANCE * np.abs(cheapest))


def _points(x: ArrayLike, y: ArrayLike, at: ArrayLike) -> tuple[Floats, Floats, Floats]:
    cost, value = np.broadcast_arrays(floats("costs", x), floats("quality", y))
    if cost.ndim == 0 or cost.shape[-1] == 0:
        raise ValueError(f"costs has shape {cost.shape}; its last axis must hold the points")
    return cost, value, floats("at", at)


def _best_mix(x: Floats, y: Floats, at: Floats) -> Floats:
    """Maximum y over mixes of at most two points with mean x <= at; -inf where there is none."""
    x_i, y_i = x[..., :, None], y[..., :, None]
    x_j, y_j = x[..., None, :], y[..., None, :]
    budget = at[..., None, None]
    affordable = x_i <= budget
    between = affordable & (budget < x_j)
    share = np.where(between, budget - x_i, 0.0) / np.where(between, x_j - x_i, 1.0)
    mixed = np.where(affordable, y_i + share * (y_j - y_i), -np.inf)
    return np.asarray(mixed.max(axis=(-2, -1)), dtype=np.float64)


def _unknown(x: Floats, y: Floats, at: Floats) -> Bools:
    return np.asarray(np.isnan(x).any(axis=-1) | np.isnan(y).any(axis=-1) | np.isnan(at))
