"""The hypervolume of points by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics.hypervolume import hypervolume


def test_one_point_is_a_rectangle() -> None:
    # from cost 1 to 4, from quality 0.25 to 0.75
    assert hypervolume([1.0], [0.75], worst_cost=4.0, worst_quality=0.25) == pytest.approx(1.5)


def test_a_staircase_by_hand() -> None:
    # 0.5 from 1 to 2, 0.8 from 2 to 4; (3, 0.6) lies under the stair
    area = hypervolume([2.0, 3.0, 1.0], [0.8, 0.6, 0.5], worst_cost=4.0)
    assert area == pytest.approx(0.5 + 1.6)


def test_points_beyond_the_reference_add_nothing() -> None:
    area = hypervolume([1.0, 5.0, 2.0], [0.5, 0.9, 0.1], worst_cost=4.0, worst_quality=0.2)
    assert area == pytest.approx(0.3 * 3.0)
    assert hypervolume([5.0], [0.9], worst_cost=4.0) == 0.0
    assert hypervolume([1.0], [0.1], worst_cost=4.0, worst_quality=0.2) == 0.0


def test_equal_costs_count_once() -> None:
    assert hypervolume([1.0, 1.0], [0.4, 0.6], worst_cost=2.0) == pytest.approx(0.6)


def test_draws_have_their_own_points_and_reference() -> None:
    costs = np.array([[1.0, 2.0], [1.0, 3.0]])
    quality = np.array([[0.5, 0.8], [0.5, np.nan]])
    areas = hypervolume(costs, quality, worst_cost=[4.0, 4.0])
    assert areas[0] == pytest.approx(2.1)
    assert np.isnan(areas[1])


def test_a_set_is_no_smaller_than_any_point_of_it() -> None:
    rng = np.random.default_rng(0)
    costs, quality = rng.random((50, 6)), rng.random((50, 6))
    whole = hypervolume(costs, quality, worst_cost=1.0)
    single = (1.0 - costs) * quality
    assert (whole >= single.max(axis=1) - 1e-12).all()
    assert (whole <= (1.0 - costs.min(axis=1)) * quality.max(axis=1) + 1e-12).all()


def test_refusals() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        hypervolume([1.0, 2.0], [0.5], worst_cost=3.0)
    with pytest.raises(ValueError, match="must hold the points"):
        hypervolume([], [], worst_cost=3.0)
