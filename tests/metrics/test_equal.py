"""Quality at equal cost and cost at equal quality, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics.equal import gain_at_equal_cost, saving_at_equal_quality

COSTS, QUALITIES = [1.0, 3.0, 2.0], [0.4, 0.8, 0.5]  # the third lies under the line


def test_between_two_points() -> None:
    # at cost 2 the mix is half and half: 0.6; quality 0.7 takes 3/4 of the dear one: 2.5
    assert gain_at_equal_cost(2.0, 0.7, COSTS, QUALITIES) == pytest.approx(0.1)
    assert saving_at_equal_quality(2.0, 0.7, COSTS, QUALITIES) == pytest.approx(1 - 2.0 / 2.5)


def test_a_point_of_the_mix_neither_gains_nor_saves() -> None:
    assert gain_at_equal_cost(3.0, 0.8, COSTS, QUALITIES) == pytest.approx(0.0)
    assert saving_at_equal_quality(3.0, 0.8, COSTS, QUALITIES) == pytest.approx(0.0)


def test_nothing_is_as_good_and_nothing_is_as_cheap() -> None:
    assert np.isnan(saving_at_equal_quality(2.0, 0.9, COSTS, QUALITIES))
    assert gain_at_equal_cost(5.0, 0.9, COSTS, QUALITIES) == pytest.approx(0.1)
    assert gain_at_equal_cost(0.5, 0.5, COSTS, QUALITIES) == pytest.approx(0.1)
    assert np.isnan(saving_at_equal_quality(1.0, 0.5, [0.0], [0.5]))


def test_draws() -> None:
    costs, qualities = np.array([COSTS, COSTS]), np.array([QUALITIES, [0.4, 0.6, 0.5]])
    gains = gain_at_equal_cost([2.0, 2.0], [0.7, 0.7], costs, qualities)
    assert gains == pytest.approx([0.1, 0.2])
