"""The hull, its inverse and its flags, on cases worked by hand and against a linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from gairp.metrics.hull import cost_at_quality, feasible, frontier_quality, hull_vertices

COSTS = np.array([1.0, 2.0, 4.0, 3.0, 5.0])
QUALITY = np.array([0.2, 0.6, 0.8, 0.65, 0.7])


def test_vertices_leave_out_what_lies_under_a_line_or_past_the_best() -> None:
    # 3 lies under the line 1–2 (0.7 at cost 3); 4 is dearer than 2 and worse.
    assert hull_vertices(COSTS, QUALITY).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("costs", "quality", "vertices"),
    [
        ([3.0], [0.5], [0]),
        ([1.0, 1.0, 2.0], [0.2, 0.4, 0.5], [1, 2]),  # equal costs: the better
        ([1.0, 2.0], [0.5, 0.5], [0]),  # no better for more
        ([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], [0, 2]),  # on a line
        ([2.0, 2.0], [0.5, 0.5], [0]),  # the same point twice: the first
        ([3.0, 2.0, 1.0], [0.1, 0.2, 0.3], [2]),  # cheapest and best
    ],
)
def test_vertices_of_small_sets(
    costs: list[float], quality: list[float], vertices: list[int]
) -> None:
    assert hull_vertices(costs, quality).tolist() == vertices


@pytest.mark.parametrize(
    ("at", "quality"),
    [(1.0, 0.2), (1.5, 0.4), (2.0, 0.6), (3.0, 0.7), (4.0, 0.8), (9.0, 0.8), (0.5, 0.2)],
)
def test_frontier_at_a_budget(at: float, quality: float) -> None:
    assert float(frontier_quality(COSTS, QUALITY, at)) == pytest.approx(quality, abs=1e-12)


@pytest.mark.parametrize(
    ("target", "cost"),
    [(0.1, 1.0), (0.2, 1.0), (0.4, 1.5), (0.7, 3.0), (0.8, 4.0), (0.8 + 1e-12, 4.0)],
)
def test_cost_at_a_quality(target: float, cost: float) -> None:
    assert float(cost_at_quality(COSTS, QUALITY, target)) == pytest.approx(cost, abs=1e-9)


def test_cost_is_undefined_above_the_best() -> None:
    assert np.isnan(cost_at_quality(COSTS, QUALITY, 0.81))


def test_feasible_forgives_rounding_only() -> None:
    assert feasible(COSTS, [1.0, 1.0 - 1e-12, 0.999]).tolist() == [True, True, False]


def test_frontier_solves_the_linear_programme_of_mixing() -> None:
    rng = np.random.default_rng(3)
    costs, quality = rng.random((20, 6)), rng.random((20, 6))
    budgets = costs.min(axis=1) + rng.random(20)
    for c, q, at, found in zip(
        costs, quality, budgets, frontier_quality(costs, quality, budgets), strict=True
    ):
        best = linprog(-q, A_ub=[c], b_ub=[at], A_eq=[np.ones(6)], b_eq=[1.0])
        assert found == pytest.approx(-best.fun, abs=1e-9)


def test_inverse_gives_the_budget_back_where_the_frontier_rises() -> None:
    rng = np.random.default_rng(4)
    costs, quality = rng.random((50, 5)), rng.random((50, 5))
    for c, q in zip(costs, quality, strict=True):
        ends = c[hull_vertices(c, q)][[0, -1]]
        at = ends[0] + 0.6 * (ends[1] - ends[0])
        again = cost_at_quality(c, q, frontier_quality(c, q, at))
        assert float(again) == pytest.approx(at, abs=1e-9)


def test_draws_and_grids_broadcast() -> None:
    draws = np.stack([QUALITY, QUALITY + 0.1])
    by_draw = frontier_quality(np.stack([COSTS, COSTS]), draws, [3.0, 3.0])
    assert by_draw == pytest.approx([0.7, 0.8])
    assert frontier_quality(COSTS, QUALITY, [1.5, 3.0, 8.0]) == pytest.approx([0.4, 0.7, 0.8])


def test_a_draw_with_nan_is_nan_and_leaves_the_others() -> None:
    draws = np.stack([QUALITY, np.full(5, np.nan)])
    found = frontier_quality(COSTS, draws, [3.0, 3.0])
    assert found[0] == pytest.approx(0.7)
    assert np.isnan(found[1])


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"quality\[1\] is nan"):
        hull_vertices([1.0, 2.0], [0.5, np.nan])
    with pytest.raises(ValueError, match=r"costs \(2,\), quality \(1,\)"):
        hull_vertices([1.0, 2.0], [0.5])
    with pytest.raises(ValueError, match="costs is empty"):
        hull_vertices([], [])
    with pytest.raises(ValueError, match="last axis"):
        frontier_quality(1.0, 0.5, 1.0)
