"""A policy against what it has to beat, with two-way bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Bools, Floats, floats
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import Estimate, p_value
from gairp.metrics.mix import ZeroRouter


@dataclass(frozen=True, slots=True)
class MixComparison:
    """A policy against the best fixed mix."""

    gain: Estimate  #: quality − quality of the mix at equal cost
    p_value: float  #: two-sided, of "no gain"; not yet Holm-corrected
    saving: Estimate  #: 1 − cost / cost of the mix at equal quality; NaN where no mix is as good
    quality: float  #: of the policy, mean over the compared pairs
    cost: float  #: of the policy, mean over the compared pairs, in the unit given
    mix_quality: float  #: of the mix at the policy's cost
    mix_cost: float  #: of the mix at the policy's quality; NaN where it never gets there
    feasible: bool  #: False where the policy costs less than the cheapest vertex
    compared: int  #: (seed, prompt) pairs that entered


def compare_with_mix(
    policy_quality: ArrayLike,
    policy_cost: ArrayLike,
    arm_quality: ArrayLike,
    arm_cost: ArrayLike,
    vertices: Sequence[int],
    bootstrap: TwoWayBootstrap,
    *,
    level: float = 0.95,
) -> MixComparison:
    """Gain over the best fixed mix at equal cost, and cost saved at equal quality.

    policy_quality, policy_cost: [S, n], all attempts of a request included in its cost;
    arm_quality, arm_cost: [n, k]; vertices: the arms that train put on the hull
    (`ZeroRouter.fit(...).vertices`). Only their columns are read. NaN was not recorded: such a
    pair is left out for the policy and for the mix alike.

    Every draw recomputes the means of policy and arms, the hull of the vertices and the mix on
    it. The interval of the saving counts a draw in which no mix is as good as the policy as
    larger than any number: its upper end may be NaN while the lower end stands.
    """
    chosen = list(vertices)
    columns = np.concatenate(
        [floats("arm_quality", arm_quality)[:, chosen], floats("arm_cost", arm_cost)[:, chosen]],
        axis=1,
    )
    tables = np.stack(
        [floats("policy_quality", policy_quality), floats("policy_cost", policy_cost)]
    )
    means = bootstrap.means(tables, columns)
    point = _Sides.of(means.point, means.column_point, len(chosen))
    draws = _Sides.of(means.draws, means.column_draws, len(chosen))
    gain = Estimate.from_draws(float(point.gain), draws.gain, level=level)
    return MixComparison(
        gain=gain,
        p_value=p_value(draws.gain),
        saving=Estimate.from_draws(float(point.saving), draws.saving, level=level),
        quality=float(point.quality),
        cost=float(point.cost),
        mix_quality=float(point.mix_quality),
        mix_cost=float(point.mix_cost),
        feasible=bool(point.feasible),
        compared=means.compared,
    )


def compare_means(
    values: ArrayLike,
    reference: ArrayLike,
    bootstrap: TwoWayBootstrap,
    *,
    level: float = 0.95,
) -> tuple[Estimate, float]:
    """Mean of values − reference over paired outcomes, and its two-sided p-value.

    values: [S, n]; reference: [S, n] or [n] (a fixed arm, the oracle). NaN on either side leaves
    the pair out.
    """
    difference = floats("values", values, ndim=2) - floats("reference", reference)
    estimate = estimate_mean(difference, bootstrap, level=level)
    return estimate, p_value(estimate.draws)


def estimate_mean(
    values: ArrayLike, bootstrap: TwoWayBootstrap, *, level: float = 0.95
) -> Estimate:
    """Mean of values [S, n] with its interval."""
    means = bootstrap.means(floats("values", values, ndim=2))
    return Estimate.from_draws(float(means.point[0]), means.draws[:, 0], level=level)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Policy and mix side by side, for the point estimate ([]) or for the draws ([B])."""

    quality: Floats
    cost: Floats
    mix_quality: Floats
    mix_cost: Floats
    feasible: Bools

    @classmethod
    def of(cls, policy: Floats, columns: Floats, k: int) -> _Sides:
        """policy [..., 2] and columns [..., 2k]: qualities, then costs."""
        mix = ZeroRouter(tuple(range(k)))
        quality, cost = policy[..., 0], policy[..., 1]
        arm_quality, arm_cost = columns[..., :k], columns[..., k:]
        return cls(
            quality=quality,
            cost=cost,
            mix_quality=mix.quality(arm_cost, arm_quality, cost),
            mix_cost=mix.cost(arm_cost, arm_quality, quality),
            feasible=mix.feasible(arm_cost, cost),
        )

    @property
    def gain(self) -> Floats:
        return self.quality - self.mix_quality

    @property
    def saving(self) -> Floats:
        priced = np.where(self.mix_cost > 0, self.mix_cost, np.nan)
        return np.asarray(1.0 - self.cost / priced, dtype=np.float64)
