"""Non-dominated points."""

from __future__ import annotations

import numpy as np

from gairp.metrics.hull import hull_vertices
from gairp.metrics.pareto import non_dominated


def test_points_under_the_hull_stay_and_dominated_ones_go() -> None:
    costs, quality = [1.0, 2.0, 4.0, 3.0, 5.0], [0.2, 0.6, 0.8, 0.65, 0.7]
    assert non_dominated(costs, quality).tolist() == [True, True, True, True, False]


def test_equal_points_both_stay_and_ties_on_one_axis_decide() -> None:
    assert non_dominated([1.0, 1.0], [0.5, 0.5]).tolist() == [True, True]
    assert non_dominated([1.0, 2.0], [0.5, 0.5]).tolist() == [True, False]
    assert non_dominated([1.0, 1.0], [0.5, 0.6]).tolist() == [False, True]


def test_hull_vertices_are_never_dominated() -> None:
    costs, quality = np.random.default_rng(2).random((2, 200))
    assert non_dominated(costs, quality)[hull_vertices(costs, quality)].all()
