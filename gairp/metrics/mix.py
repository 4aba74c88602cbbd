"""The best fixed mix at equal cost: the "Zero router" that any learned router has to beat.

Hu et al. (2024), "RouterBench", section 3: the hull of the fixed models, which routes without
looking at the prompt. Here its vertices are chosen on train and evaluated on test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Bools, Floats, floats
from gairp.metrics.hull import cost_at_quality, feasible, frontier_quality, hull_vertices


@dataclass(frozen=True, slots=True)
class ZeroRouter:
    """The arms that train put on the hull, mixed as well as the test allows.

    `vertices` are arm indices, from the cheapest to the best on train. On test the mix is the
    upper concave non-decreasing hull of the test points of these arms *alone*: an arm that only
    the test would have picked is never used, while the shares are the best in hindsight. So:

    * where the test keeps the order of costs and the gains fall, as on train, this is the linear
      interpolation between neighbouring vertices;
    * where a vertex is worse on test than a cheaper one, or lies under the line between its
      neighbours, or where two vertices exchange their order of cost, it is passed over.

    Shares in hindsight favour the mix, so a gain over it is conservative.
    """

    vertices: tuple[int, ...]

    @classmethod
    def fit(cls, costs: ArrayLike, quality: ArrayLike) -> ZeroRouter:
        """Choose the vertices from mean cost and mean quality of each arm on train, both [k].

        Raises ValueError for a NaN: an arm without a train outcome cannot be judged.
        """
        return cls(tuple(hull_vertices(costs, quality).tolist()))

    def quality(self, costs: ArrayLike, quality: ArrayLike, at: ArrayLike) -> Floats:
        """Quality of the mix at mean cost `at` [...]; costs, quality [..., k] on test."""
        return frontier_quality(self._mine(costs), self._mine(quality), at)

    def cost(self, costs: ArrayLike, quality: ArrayLike, target: ArrayLike) -> Floats:
        """Cost of the mix at quality `target` [...]; NaN where it never gets there."""
        return cost_at_quality(self._mine(costs), self._mine(quality), target)

    def feasible(self, costs: ArrayLike, at: ArrayLike) -> Bools:
        """Whether the mix can cost as little as `at`; where not, `quality` is the cheapest's."""
        return feasible(self._mine(costs), at)

    def _mine(self, values: ArrayLike) -> Floats:
        return floats("values", values)[..., list(self.vertices)]


def mix_weights(costs: ArrayLike, quality: ArrayLike, at: float) -> Floats:
    """Shares [k] of the best fixed mix at mean cost `at`, e.g. to run that mix as a policy.

    costs, quality: [k], means on train. At most two shares are positive. Below the cheapest arm
    everything goes to the cheapest; beyond the best vertex everything goes to the best.
    """
    vertices = hull_vertices(costs, quality)
    cost = floats("costs", costs)[vertices]
    position = np.interp(at, cost, np.arange(len(vertices), dtype=np.float64))
    lower = int(np.floor(position))
    weights = np.zeros(len(floats("costs", costs)))
    weights[vertices[lower]] = 1.0 - (position - lower)
    if position > lower:
        weights[vertices[lower + 1]] = position - lower
    return weights
