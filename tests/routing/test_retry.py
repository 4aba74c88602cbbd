"""Who is retried, how long it waits, and that an outage is not met with a storm."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gairp.errors import ConfigError
from gairp.routing.retry import RetryRule
from gairp.types import Failure, FailureKind

DOWN = Failure(kind="server", message="503 from a server", status=503)


def asked(seconds: float | None) -> Failure:
    return Failure(kind="rate_limit", message="429", status=429, retry_after_s=seconds)


def test_full_jitter_doubles_up_to_the_cap() -> None:
    rule = RetryRule(calls=9, base_s=0.5, cap_s=3.0)
    assert [rule.delay(DOWN, n, 0.5) for n in (1, 2, 3, 4, 5)] == [0.25, 0.5, 1.0, 1.5, 1.5]
    assert rule.delay(DOWN, 1, 0.0) == 0.0


def test_a_call_is_made_at_most_so_many_times() -> None:
    rule = RetryRule(calls=3)
    assert rule.delay(DOWN, 2, 0.5) is not None
    assert rule.delay(DOWN, 3, 0.5) is None
    assert RetryRule(calls=1).delay(DOWN, 1, 0.5) is None
    assert (rule.retries, rule.exhausted) == (1, 0)


def test_retry_after_is_the_least_and_jitter_comes_on_top() -> None:
    rule = RetryRule(base_s=0.5)
    assert rule.delay(asked(7.0), 1, 0.0) == 7.0
    assert rule.delay(asked(7.0), 2, 0.5) == 7.5


def test_a_longer_wait_than_the_limit_gives_up_and_takes_nothing_from_the_budget() -> None:
    rule = RetryRule(max_wait_s=30.0)
    assert rule.delay(asked(30.1), 1, 0.5) is None
    assert rule.delay(asked(math.inf), 1, 0.5) is None
    assert rule.delay(asked(30.0), 1, 0.0) == 30.0
    assert (rule.retries, rule.exhausted) == (1, 0)


@pytest.mark.parametrize("nonsense", [None, -5.0, math.nan])
def test_a_retry_after_that_says_nothing_is_none(nonsense: float | None) -> None:
    assert RetryRule(base_s=1.0).delay(asked(nonsense), 1, 0.25) == 0.25


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_only_what_passes_is_retried(kind: FailureKind) -> None:
    failure = Failure(kind=kind, message="x")
    rule = RetryRule()
    assert (rule.delay(failure, 1, 0.5) is not None) is failure.retryable
    assert rule.retries == int(failure.retryable)


def test_the_budget_is_a_floor_and_a_share_of_the_first_calls() -> None:
    rule = RetryRule(calls=100, budget_ratio=0.2, budget_floor=2)
    for _ in range(10):
        rule.started()
    assert rule.budget_left == 4
    granted = [rule.delay(DOWN, 1, 0.5) is not None for _ in range(6)]
    assert granted == [True] * 4 + [False] * 2
    assert (rule.retries, rule.exhausted, rule.first_calls) == (4, 2, 10)
    for _ in range(5):
        rule.started()
    assert rule.delay(DOWN, 1, 0.5) is not None
    assert rule.delay(DOWN, 1, 0.5) is None


def test_a_share_of_a_whole_number_of_calls_is_not_lost_to_rounding() -> None:
    rule = RetryRule(budget_ratio=0.29, budget_floor=0)
    for _ in range(100):
        rule.started()
    assert rule.budget_left == 29


@given(
    outcomes=st.lists(st.booleans(), max_size=200),
    floor=st.integers(0, 5),
    ratio=st.sampled_from([0.0, 0.1, 0.2, 0.5]),
)
def test_retries_never_exceed_the_budget(outcomes: list[bool], floor: int, ratio: float) -> None:
    rule = RetryRule(calls=4, budget_floor=floor, budget_ratio=ratio)
    for first in outcomes:
        if first:
            rule.started()
        else:
            rule.delay(DOWN, 1, 0.5)
        assert rule.retries <= floor + ratio * rule.first_calls + 1e-9


@given(calls_made=st.integers(1, 10_000), uniform=st.floats(0, 1, exclude_max=True))
def test_a_wait_stays_within_the_cap(calls_made: int, uniform: float) -> None:
    wait = RetryRule(calls=20_000, base_s=0.5, cap_s=20.0).delay(DOWN, calls_made, uniform)
    assert wait is not None
    assert 0.0 <= wait <= min(20.0, 0.5 * 2.0 ** min(calls_made - 1, 60))


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"calls": 0}, "calls"), ({"base_s": -1.0}, "base_s"), ({"budget_ratio": -0.1}, "ratio")],
)
def test_bad_settings_are_named(settings: dict[str, float], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        RetryRule(**settings)  # type: ignore[arg-type]
