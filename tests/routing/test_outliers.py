"""An arm that fails more often than its peers, and how sure that has to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from gairp.errors import ConfigError
from gairp.routing.outliers import Outliers, wilson
from gairp.types import Failure

NO = Failure(kind="server", message="no")


def test_the_interval_is_that_of_scipy() -> None:
    for hits, trials in ((0, 5), (3, 10), (10, 10), (37, 200)):
        found = binomtest(hits, trials).proportion_ci(confidence_level=0.99, method="wilson")
        assert wilson(hits, trials, 2.5758293035489004) == pytest.approx(found, abs=1e-12)
    assert wilson(0, 0, 2.0) == (0.0, 1.0)


def feed(outliers: Outliers, shares: dict[str, float], calls: int, *, seed: int = 0) -> float:
    """`calls` calls to each arm in turn, ten a second; the time of the first ejection, or NaN."""
    rng = np.random.default_rng(seed)
    for i in range(calls):
        for name, share in shares.items():
            outliers.ended(name, NO if rng.random() < share else None, i * 0.1)
            if outliers.ejections:
                return i * 0.1
    return math.nan


def test_one_in_three_is_found_and_its_peers_stay() -> None:
    for seed in range(20):
        outliers = Outliers(["a", "b", "c", "d"])
        at = feed(outliers, {"a": 0.35, "b": 0.02, "c": 0.02, "d": 0.02}, 300, seed=seed)
        assert at < 15.0
        assert outliers.left_s("a", at) == 10.0
        assert [outliers.left_s(name, at) for name in "bcd"] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("share", [0.02, 0.4, 1.0])
def test_where_all_fail_alike_nobody_is_ejected(share: float) -> None:
    ejected = [Outliers(["a", "b", "c"]) for _ in range(10)]
    found = [
        feed(outliers, dict.fromkeys("abc", share), 150, seed=seed)
        for seed, outliers in enumerate(ejected)
    ]
    assert sum(not math.isnan(at) for at in found) <= 1


def test_an_arm_alone_stays() -> None:
    outliers = Outliers(["a"])
    assert math.isnan(feed(outliers, {"a": 1.0}, 100))


def test_no_more_than_a_share_of_all() -> None:
    outliers = Outliers(["a", "b", "c", "d"], most=0.25)
    for i in range(100):
        for name in "abcd":
            outliers.ended(name, NO if name in "ab" else None, i * 0.1)
    now = 10.0
    assert sum(outliers.left_s(name, now) > 0 for name in "abcd") == 1


def test_again_is_longer_and_later_is_short_again() -> None:
    outliers, now, spans = Outliers(["a", "b"], eject_s=10.0, max_eject_s=25.0), 0.0, []
    for _ in range(3):
        while not (left := outliers.left_s("a", now)):
            now += 0.1
            outliers.ended("b", None, now)
            outliers.ended("a", NO, now)
        spans.append(left)
        now += left
    assert spans == pytest.approx([10.0, 20.0, 25.0])
    now += 31.0
    while not (left := outliers.left_s("a", now)):
        now += 0.1
        outliers.ended("b", None, now)
        outliers.ended("a", NO, now)
    assert left == pytest.approx(10.0)


def test_what_is_old_or_nobodys_fault_does_not_count() -> None:
    outliers = Outliers(["a", "b"], window_s=10.0)
    for i in range(40):
        outliers.ended("b", None, i * 0.1)
        kind = "rate_limit" if i % 2 else "bad_request"
        outliers.ended("a", Failure(kind=kind, message="no"), i * 0.1)  # type: ignore[arg-type]
    assert outliers.ejections == 0
    for _ in range(9):
        outliers.ended("a", NO, 4.0)
    assert outliers.ejections == 0  # nine calls are too few to tell
    for now in np.arange(20.0, 20.8, 0.1):
        outliers.ended("b", None, now)
        outliers.ended("a", NO, now)  # the nine are forgotten
    assert outliers.ejections == 0
    outliers.ended("a", NO, 20.8)
    outliers.ended("a", NO, 20.9)
    assert outliers.ejections == 1


def test_settings() -> None:
    with pytest.raises(ConfigError, match=r"outliers\.window_s is 0"):
        Outliers(["a"], window_s=0.0)
    with pytest.raises(ConfigError, match=r"outliers\.least is 0"):
        Outliers(["a"], least=0.0)
