"""Accuracy and kappa agree with closed forms and with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from gairp.metrics.agreement import accuracy, agreement, cohen_kappa
from gairp.metrics.arrays import Floats

#: Counts of a judge's label (row) and the true one (column), 100 in all.
TABLE = ((25, 13, 12), (12, 2, 16), (3, 15, 2))


def from_table() -> tuple[list[int], list[int]]:
    pairs = [(i, j) for i, row in enumerate(TABLE) for j, n in enumerate(row) for _ in range(n)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def test_kappa_by_hand() -> None:
    judge, truth = from_table()
    # margins 0.5, 0.3, 0.2 and 0.4, 0.3, 0.3: expected 0.2 + 0.09 + 0.06 = 0.35
    assert accuracy(judge, truth) == pytest.approx(0.29, abs=1e-12)
    assert cohen_kappa(judge, truth) == pytest.approx((0.29 - 0.35) / 0.65, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    judge, truth = [a for a, _ in pairs], [b for _, b in pairs]
    if len({*judge, *truth}) == 1:
        assert np.isnan(cohen_kappa(judge, truth))
    else:
        assert cohen_kappa(judge, truth) == pytest.approx(cohen_kappa_score(judge, truth))


def test_a_weight_counts_as_a_copy() -> None:
    judge, truth = np.array([1.0, 0.0, 1.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    weights = np.array([[3.0, 1.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    copies = np.repeat(np.arange(4), [3, 1, 2, 0])
    for figure in (accuracy, cohen_kappa):
        both = figure(judge, truth, weights)
        assert both[0] == pytest.approx(float(figure(judge[copies], truth[copies])))
        assert both[1] == pytest.approx(float(figure(judge, truth)))


def test_always_one_label_is_no_agreement_beyond_chance() -> None:
    truth = [0.0, 0.0, 0.0, 1.0]
    assert accuracy([0.0] * 4, truth) == 0.75
    assert cohen_kappa([0.0] * 4, truth) == 0.0
    assert np.isnan(cohen_kappa([0.0] * 4, [0.0] * 4))


def test_what_was_not_judged_is_left_out() -> None:
    judge, truth = [1.0, np.nan, 0.0, 1.0], [1.0, 1.0, 1.0, np.nan]
    assert accuracy(judge, truth) == 0.5
    found = agreement(judge, truth, [0, 1, 2, 3], rng=np.random.default_rng(0), draws=50)
    assert found.n == 2


def simulated(rng: np.random.Generator, n: int = 400) -> tuple[Floats, Floats, Floats]:
    """Four answers a prompt that share a difficulty; the judge is right 8 times out of 10."""
    groups = np.repeat(np.arange(n // 4), 4).astype(float)
    hard = np.repeat(rng.random(n // 4), 4)
    truth = (rng.random(n) < hard).astype(float)
    judge = np.where(rng.random(n) < 0.8, truth, 1.0 - truth)
    return judge, truth, groups


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    # Both labels are equally likely, so kappa is 2 · 0.8 − 1.
    inside = {"accuracy": 0, "kappa": 0}
    for seed in range(100):
        judge, truth, groups = simulated(np.random.default_rng(seed))
        found = agreement(judge, truth, groups, rng=np.random.default_rng(seed), draws=200)
        inside["accuracy"] += found.accuracy.low <= 0.8 <= found.accuracy.high
        inside["kappa"] += found.kappa.low <= 0.6 <= found.kappa.high
    assert all(88 <= count <= 100 for count in inside.values()), inside


def test_the_same_seed_gives_the_same_interval() -> None:
    judge, truth, groups = simulated(np.random.default_rng(1))
    first, second = (
        agreement(judge, truth, groups, rng=np.random.default_rng(7), draws=100) for _ in range(2)
    )
    assert first == second
    assert np.array_equal(first.kappa.draws, second.kappa.draws)


def test_what_does_not_fit_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="judge has 2 items, truth 3"):
        accuracy([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="weights must be >= 0"):
        cohen_kappa([0, 1], [0, 1], [-1, 1])
    with pytest.raises(ValueError, match="no item has both"):
        agreement([np.nan], [1.0], [0], rng=rng)
    with pytest.raises(ValueError, match="resampling needs two"):
        agreement([1.0, 0.0], [1.0, 1.0], [0, 0], rng=rng)
