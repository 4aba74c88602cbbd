"""Counts and totals of rewards by arm."""

from __future__ import annotations

import numpy as np

from gairp.policies.tally import Tally


def test_counts_and_totals_by_arm() -> None:
    tally = Tally()
    for arm, reward in [("a", 0.5), ("b", -1.0), ("a", 0.25)]:
        tally.add(arm, reward)
    count, total = tally.of(("a", "b"))
    assert (count.tolist(), total.tolist()) == ([2.0, 1.0], [0.75, -1.0])
    count, total = tally.of(("new", "b", "a"))
    assert (count.tolist(), total.tolist()) == ([0.0, 1.0, 2.0], [0.0, -1.0, 0.75])
    assert tally.means(("new", "b", "a"), unseen=np.inf).tolist() == [np.inf, -1.0, 0.375]
    assert tally.rewards == 3.0


def test_nothing_counted_yet() -> None:
    tally = Tally()
    count, total = tally.of(("a", "b"))
    assert (count.tolist(), total.tolist(), tally.rewards) == ([0.0, 0.0], [0.0, 0.0], 0.0)


def test_state_comes_back_and_grows_on() -> None:
    tally, other = Tally(), Tally()
    tally.add("a", 0.5)
    other.restore(tally.state())
    other.add("b", 1.0)
    assert other.means(("a", "b", "c"), unseen=-1.0).tolist() == [0.5, 1.0, -1.0]
    assert tally.means(("a", "b"), unseen=-1.0).tolist() == [0.5, -1.0]
