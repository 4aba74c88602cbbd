"""AIQ against areas worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics.aiq import aiq
from gairp.metrics.hull import frontier_quality


def test_area_of_a_straight_sweep() -> None:
    costs, quality = np.linspace(1.0, 5.0, 5), np.linspace(0.2, 0.6, 5)
    assert float(aiq(costs, quality, c_min=1.0, c_max=5.0)) == pytest.approx(0.4)


def test_flat_to_the_right_and_hulled() -> None:
    # Hull: (1, 0.2) – (2, 0.6), flat to 5; the other points lie beneath it.
    costs, quality = [1.0, 2.0, 3.0, 1.5, 2.5], [0.2, 0.6, 0.5, 0.3, 0.6]
    area = 0.4 * 1 + 0.6 * 3
    assert float(aiq(costs, quality, c_min=1.0, c_max=5.0)) == pytest.approx(area / 4)


def test_nothing_is_earned_for_free_left_of_the_sweep() -> None:
    # From (0, 0) linearly to (2, 0.5), flat after: over [1, 3] the area is 0.375 + 0.5.
    costs, quality = [2.0] * 5, [0.5] * 5
    assert float(aiq(costs, quality, c_min=1.0, c_max=3.0)) == pytest.approx(0.875 / 2)


def test_points_outside_the_range_still_shape_the_hull_inside() -> None:
    # The line (0, 0) – (4, 0.8) over [1, 3]: mean height 0.4.
    costs, quality = [0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 0.2, 0.4, 0.6, 0.8]
    assert float(aiq(costs, quality, c_min=1.0, c_max=3.0)) == pytest.approx(0.4)


def test_draws_recompute_hull_and_normaliser() -> None:
    costs = np.stack([np.linspace(1.0, 5.0, 5), np.linspace(2.0, 10.0, 5)])
    quality = np.stack([np.linspace(0.2, 0.6, 5), np.linspace(0.4, 0.8, 5)])
    found = aiq(costs, quality, c_min=[1.0, 2.0], c_max=[5.0, 10.0])
    assert found == pytest.approx([0.4, 0.6])


def test_agrees_with_a_fine_grid() -> None:
    rng = np.random.default_rng(5)
    costs, quality = rng.uniform(1.0, 3.0, 7), rng.random(7)
    costs[0] = 1.0
    grid = np.linspace(1.0, 3.0, 200_001)
    heights = np.concatenate(
        [frontier_quality(costs, quality, part) for part in np.array_split(grid, 100)]
    )
    assert float(aiq(costs, quality, c_min=1.0, c_max=3.0)) == pytest.approx(
        np.trapezoid(heights, grid) / 2.0, abs=1e-8
    )


def test_refuses_a_short_sweep_and_an_empty_range() -> None:
    with pytest.raises(ValueError, match="at least 5 points"):
        aiq([1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4], c_min=1.0, c_max=4.0)
    with pytest.raises(ValueError, match="c_max <= c_min"):
        aiq(np.arange(5.0), np.arange(5.0), c_min=2.0, c_max=2.0)
