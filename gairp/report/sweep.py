"""A λ sweep: one policy at several cost weights, and its AIQ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gairp.metrics.aiq import MIN_POINTS, aiq
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import Estimate
from gairp.metrics.mix import ZeroRouter
from gairp.report.compared import Compared
from gairp.report.row import UNKNOWN
from gairp.report.study import Floats, Run

#: Costs at which the mix is sampled; its hull has its kinks at the vertices, which are added.
_MIX_POINTS = 9


def operating_points(compared: Compared, policy: str) -> list[tuple[Run, ...]]:
    """The policy's runs at each cost weight, ascending; empty where it has no sweep.

    The study's own runs are one of the points. All points rest on the seeds that all of them
    have, since a sweep may be run on fewer.
    """
    swept = compared.sweep.get(policy, ())
    points: dict[float, list[Run]] = {}
    for run in swept:
        assert run.cost_weight is not None
        points.setdefault(run.cost_weight, []).append(run)
    if swept:
        points.setdefault(compared.utility.cost_weight, list(compared.runs.get(policy, ())))
    by_weight = [points[weight] for weight in sorted(points) if points[weight]]
    shared = _shared_seeds(by_weight)
    return [tuple(run for run in runs if run.seed in shared) for runs in by_weight]


def _shared_seeds(points: Sequence[Sequence[Run]]) -> set[int]:
    """Seeds that every point has; where there are none, all that any has."""
    seeds = [{run.seed for run in runs} for runs in points]
    return set.intersection(*seeds) or set.union(*seeds) if seeds else set()


def aiq_of_policy(
    compared: Compared, policy: str, bootstrap: Callable[[int], TwoWayBootstrap]
) -> Estimate:
    """AIQ with its interval, hull and normaliser recomputed in each draw.

    Unknown below five points, or where costs are. A seed is resampled at all points together, so
    points that share no seed have no interval.
    """
    points = operating_points(compared, policy)
    arm_cost = compared.pool.cost_usd
    if len(points) < MIN_POINTS or arm_cost is None:
        return UNKNOWN
    quality = [compared.table(runs, "quality") for runs in points]
    cost = [compared.table(runs, "cost_usd") for runs in points]
    point = _area([q.mean() for q in quality], [c.mean() for c in cost], arm_cost.mean(axis=0))
    if np.isnan(point).any() or len({len(runs) for runs in points}) > 1:
        return Estimate(float(point), np.nan, np.nan, np.array([np.nan]))
    means = bootstrap(len(points[0])).means(np.stack(quality + cost), arm_cost)
    m = len(points)
    draws = _area(means.draws[:, :m], means.draws[:, m:], means.column_draws)
    return Estimate.from_draws(float(point), draws)


def aiq_of_mix(
    router: ZeroRouter, arm_quality: Floats, arm_cost: Floats, bootstrap: TwoWayBootstrap
) -> Estimate:
    """AIQ of the best fixed mix, the figure to hold a policy's against; arrays are [n, k]."""
    k = arm_quality.shape[1]
    means = bootstrap.means(
        arm_quality[None, :, 0], np.concatenate([arm_quality, arm_cost], axis=1)
    )

    def of(columns: Floats) -> Floats:
        quality, cost = columns[..., :k], columns[..., k:]
        low, high = cost.min(axis=-1), cost.max(axis=-1)
        steps = np.linspace(0.0, 1.0, _MIX_POINTS)
        grid = low[..., None] + (high - low)[..., None] * steps
        at = np.concatenate([grid, cost[..., list(router.vertices)]], axis=-1)
        reached = router.quality(cost[..., None, :], quality[..., None, :], at)
        return _area(reached, at, cost)

    return Estimate.from_draws(float(of(means.column_point)), of(means.column_draws))


def aiq_of_run(sweep: Sequence[tuple[float, float]], arm_cost: Floats) -> float:
    """AIQ of one seed from its (cost, quality) points; NaN below five. arm_cost: [k], means."""
    if len(sweep) < MIN_POINTS:
        return float("nan")
    cost, quality = np.array(sweep).T
    return float(_area(quality, cost, arm_cost))


def _area(quality: Floats | list[float], cost: Floats | list[float], arm_cost: Floats) -> Floats:
    """AIQ, or NaN where all arms cost the same."""
    low, high = arm_cost.min(axis=-1), arm_cost.max(axis=-1)
    if (high <= low).any():
        return np.full(low.shape, np.nan)
    return aiq(cost, quality, c_min=low, c_max=high)
