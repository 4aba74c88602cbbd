"""Metrics of adaptation, against values counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gairp.metrics.drift import (
    adaptation_time,
    adoption_time,
    alarm_cost,
    false_alarms,
    moving_average,
    segment_best,
)


def test_the_best_of_a_segment_is_one_arm_that_is_there_throughout() -> None:
    utilities = [[0.5, 0.4], [0.1, 0.4], [0.9, 0.0], [0.7, np.nan], [0.2, 0.3]]
    found = segment_best(utilities, [0, 0, 1, 1, 2])
    assert found.tolist() == [0.4, 0.4, 0.9, 0.7, 0.3]


def test_where_no_arm_is_there_throughout_each_request_has_its_best() -> None:
    assert segment_best([[0.5, np.nan], [np.nan, 0.4]], [3, 3]).tolist() == [0.5, 0.4]


def test_adaptation_is_where_the_first_good_window_begins() -> None:
    regret = np.array([0.1] * 20 + [0.6] * 30 + [0.1] * 50)
    assert adaptation_time(regret, 20, window=10, within=0.0499) == 30.0
    # Within 0.05 of 0.1, windows may hold one request of 0.6 in ten.
    assert adaptation_time(regret, 20, window=10, within=0.0501) == 29.0
    assert adaptation_time(regret[:45], 20, window=10) == math.inf
    with pytest.raises(ValueError, match="within them"):
        adaptation_time(regret, 100)


def test_adoption_must_hold() -> None:
    chosen = np.array([0.0] * 10 + [1.0] + [0.0] * 29 + [1.0, 0.0] * 40)
    # The lone request is a share of 0.1; the second of every other one makes it 0.2 for good.
    assert adoption_time(chosen, window=10, share=0.2) == 43.0
    assert adoption_time(chosen[:30], window=10, share=0.2) == math.inf
    assert adoption_time(chosen[:5], window=10, share=0.2) == math.inf


def test_a_moving_average_begins_with_what_there_is() -> None:
    assert moving_average([1.0, 3.0, 5.0, 7.0], 2).tolist() == [1.0, 2.0, 4.0, 6.0]


def test_an_alarm_is_false_without_a_change_or_after_the_first() -> None:
    segments = np.repeat([0, 1], 500)
    alarms = np.zeros(1000, dtype=np.int64)
    for at in (100, 520, 560, 900):
        alarms[at:] += 1
    assert false_alarms(alarms, segments, within=200).tolist() == [100, 560, 900]
    assert false_alarms(np.zeros(10), np.zeros(10)).tolist() == []


def test_a_false_alarm_costs_the_regret_that_it_adds() -> None:
    regret = np.array([0.1] * 50 + [0.3] * 50)
    assert alarm_cost(regret, 50, window=50) == pytest.approx(10.0)
    assert alarm_cost(regret, 50, window=25) == pytest.approx(5.0)
    assert math.isnan(alarm_cost(regret, 0, window=25))
