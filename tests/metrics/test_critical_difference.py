"""Ranks, Friedman's and Nemenyi's tests by hand and as published; bars of the diagram."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from gairp.metrics.critical_difference import cliques, friedman, mean_ranks, nemenyi_distance


def test_friedman_by_hand() -> None:
    # ranks 1 2 3, 1 2 3, 1 3 2, 2 1 3: means 1.25, 2, 2.75
    scores = [[3.0, 2.0, 1.0], [9.0, 8.0, 7.0], [3.0, 1.0, 2.0], [2.0, 3.0, 1.0]]
    assert mean_ranks(scores).tolist() == [1.25, 2.0, 2.75]
    # χ² = 12·4/(3·4) · (1.5625 + 4 + 7.5625 − 12) = 4.5; F = 3·4.5/(8 − 4.5)
    found = friedman(scores)
    assert found.statistic == pytest.approx(13.5 / 3.5)
    # F with 2 and d degrees of freedom has the tail (1 + 2x/d)^(−d/2): here d = 6
    assert found.p_value == pytest.approx((1 + 2 * (13.5 / 3.5) / 6) ** -3)


def test_published_critical_differences() -> None:
    # Demšar (2006), section 3.2.2: four classifiers on fourteen data sets
    assert nemenyi_distance(4, 14) == pytest.approx(1.25, abs=0.005)
    assert nemenyi_distance(4, 14, level=0.1) == pytest.approx(1.12, abs=0.005)


def test_without_ties_it_is_the_correction_of_the_usual_statistic() -> None:
    scores = np.random.default_rng(0).random((9, 5))
    chi2 = float(friedmanchisquare(*scores.T).statistic)
    assert friedman(scores).statistic == pytest.approx(8 * chi2 / (9 * 4 - chi2))


def test_rank_one_is_the_best_and_ties_share() -> None:
    assert mean_ranks([[0.9, 0.1, 0.5], [0.9, 0.5, 0.5 + 1e-15]]).tolist() == [1.0, 2.75, 2.25]


def test_all_data_sets_agree() -> None:
    found = friedman([[3.0, 2.0, 1.0]] * 4)
    assert found == (float("inf"), 0.0)


def test_bars_join_the_longest_runs_that_do_not_differ() -> None:
    apart = np.zeros((5, 5), dtype=bool)
    for i, j in ((0, 3), (0, 4), (1, 4), (2, 4)):
        apart[i, j] = apart[j, i] = True
    assert cliques(apart) == [(0, 2), (1, 3), (3, 4)]
    assert cliques(np.zeros((3, 3))) == [(0, 2)]
    assert cliques(~np.eye(3, dtype=bool)) == []


def test_one_data_set_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 data sets"):
        friedman([[1.0, 2.0, 3.0]])
