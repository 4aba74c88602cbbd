"""Intervals, p-values and Holm's correction."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.metrics.holm import holm
from gairp.metrics.interval import Estimate, p_value, percentile_interval, standard_error


def test_interval_ends_are_draws_rounded_outwards() -> None:
    assert percentile_interval(np.arange(1001.0)[::-1]) == (25.0, 975.0)
    assert percentile_interval(np.arange(1000.0)) == (24.0, 975.0)
    assert percentile_interval(np.arange(101.0), level=0.9) == (5.0, 95.0)
    with pytest.raises(ValueError, match="level is 95"):
        percentile_interval([1.0], level=95)


def test_undefined_draws_open_the_upper_end_only() -> None:
    draws = np.concatenate([np.arange(95.0), np.full(6, np.nan)])
    low, high = percentile_interval(draws, level=0.9)
    assert low == 5.0
    assert np.isnan(high)
    assert percentile_interval(draws, level=0.5) == (25.0, 75.0)


def test_standard_error_of_the_mean() -> None:
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1.0 / np.sqrt(3.0))
    assert np.isnan(standard_error([1.0]))  # and no warning: in tests they are errors


def test_an_undefined_point_has_no_interval() -> None:
    found = Estimate.from_draws(np.nan, [1.0, 2.0])
    assert np.isnan([found.point, found.low, found.high]).all()


@pytest.mark.parametrize(
    ("draws", "p"),
    [
        (np.ones(999), 2 / 1000),
        (-np.ones(999), 2 / 1000),
        (np.r_[np.ones(98), -np.ones(1)], 4 / 100),
        (np.r_[np.ones(10), -np.ones(10)], 1.0),
        (np.full(99, 1e-15), 1.0),  # the mix itself: rounding is no gain
        (np.r_[np.ones(9), np.nan], 2 / 10),
    ],
)
def test_p_value_by_counting(draws: np.ndarray[tuple[int], np.dtype[np.float64]], p: float) -> None:
    assert p_value(draws) == pytest.approx(p)


def test_p_value_against_another_null_and_of_nothing() -> None:
    assert p_value(np.full(99, 0.5), null=0.5) == 1.0
    assert np.isnan(p_value([np.nan]))


def test_holm_on_a_worked_example() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, made non-decreasing.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


def test_holm_leaves_out_what_was_not_tested() -> None:
    found = holm([0.01, np.nan, 0.04])
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(found[1])
    with pytest.raises(ValueError, match="leave"):
        holm([1.5])
