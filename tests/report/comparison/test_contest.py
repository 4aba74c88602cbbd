"""Pairs, ranks and bars from effects and their draws."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.report.comparison.contest import Contest


def contest() -> Contest:
    """a and b differ by a hair that the draws do not bear out; c is clearly below both."""
    rng = np.random.default_rng(0)
    common = rng.normal(0, 0.1, 1000)  # what moves all alike moves no difference
    noise = rng.normal(0, 0.01, (1000, 3))
    point = np.array([0.50, 0.505, 0.3])
    draws = point + common[:, None] + noise
    blocks = np.array([[0.5, 0.6, 0.3], [0.6, 0.5, 0.3], [0.5, 0.6, 0.3]])
    return Contest.of(["a", "b", "c"], point, draws, blocks)


def test_ranks_and_order() -> None:
    found = contest()
    assert found.names == ("b", "a", "c")
    assert found.ranks == pytest.approx([4 / 3, 5 / 3, 3.0])
    assert [e.point for e in found.effects] == [0.505, 0.50, 0.3]


def test_pairs_are_paired_and_holm_corrected() -> None:
    found = contest()
    near, far = found.pair("a", "b"), found.pair("c", "b")
    assert (near.better, near.worse) == ("b", "a")
    assert near.difference.point == pytest.approx(0.005)
    assert near.difference.high - near.difference.low < 0.07  # 4 · 0.01 · √2, not 4 · 0.1 · √2
    assert not near.differ
    assert far.differ
    assert far.difference.point == pytest.approx(0.205)
    assert far.p_value == pytest.approx(3 * 2 / 1001)  # the smallest p of 1,000 draws, times 3


def test_bars() -> None:
    assert contest().groups == ((0, 1),)
