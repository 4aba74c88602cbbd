"""A failing model is left alone, probed with few calls, and never locked out for good."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gairp.errors import ConfigError
from gairp.routing.breaker import AT_ONCE, COUNTED, Breakers, CircuitBreaker
from gairp.types import Failure, FailureKind


def opened(now: float = 0.0, **settings: float) -> CircuitBreaker:
    """A breaker whose second failure came at `now`."""
    breaker = CircuitBreaker(failures=2, **settings)  # type: ignore[arg-type]
    breaker.failed(now - 1.0)
    breaker.failed(now)
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_does_not() -> None:
    breaker = CircuitBreaker(failures=3)
    for result in (breaker.failed, breaker.failed, breaker.succeeded):
        result(1.0)
    breaker.failed(2.0)
    breaker.failed(3.0)
    assert (breaker.state(3.0), breaker.allows(3.0)) == ("closed", True)
    breaker.failed(4.0)
    assert (breaker.state(4.0), breaker.allows(4.0), breaker.openings) == ("open", False, 1)


def test_failures_that_lie_apart_do_not_open_it() -> None:
    breaker = CircuitBreaker(failures=3, window_s=30.0)
    for now in (0.0, 20.0, 40.0, 60.0):
        breaker.failed(now)
    assert breaker.state(60.0) == "closed"
    breaker.failed(69.9)  # the third last is now 29.9 s ago
    assert breaker.state(69.9) == "open"


def test_a_probe_that_is_answered_closes_it() -> None:
    breaker = opened(cooldown_s=5.0)
    assert (breaker.state(4.9), breaker.state(5.0)) == ("open", "half_open")
    assert breaker.allows(5.0)
    breaker.started(5.0)
    assert not breaker.allows(5.0)
    breaker.succeeded(6.0)
    assert (breaker.state(6.0), breaker.allows(6.0), breaker.openings) == ("closed", True, 1)


def test_the_cool_down_doubles_with_each_failed_probe_up_to_the_maximum_and_starts_anew() -> None:
    breaker = opened(cooldown_s=5.0, max_cooldown_s=18.0)
    now, lengths = 0.0, []
    for _ in range(4):
        until = next(now + s for s in range(1, 100) if breaker.allows(now + s))
        lengths.append(until - now)
        now = until
        breaker.started(now)
        breaker.failed(now)
    assert lengths == [5.0, 10.0, 18.0, 18.0]
    now += 18.0
    breaker.started(now)
    breaker.succeeded(now)
    breaker.failed(now)
    breaker.failed(now)
    assert (breaker.state(now + 4.9), breaker.state(now + 5.0)) == ("open", "half_open")
    assert breaker.openings == 6


def test_retry_after_makes_the_cool_down_longer_up_to_the_maximum() -> None:
    breaker = CircuitBreaker(failures=2, cooldown_s=5.0, max_cooldown_s=60.0)
    breaker.failed(0.0, 20.0)
    assert breaker.allows(0.0)  # one refusal opens nothing
    breaker.failed(1.0)
    assert (breaker.state(19.9), breaker.state(20.0)) == ("open", "half_open")
    breaker.failed(10.0, 30.0)  # late, of a call begun before
    assert (breaker.state(39.9), breaker.state(40.0)) == ("open", "half_open")
    breaker.failed(20.0, 86_400.0)
    assert (breaker.state(79.9), breaker.state(80.0), breaker.openings) == ("open", "half_open", 1)


def test_what_a_server_asked_for_is_forgotten_once_it_answers() -> None:
    breaker = CircuitBreaker(failures=1, cooldown_s=5.0)
    breaker.failed(0.0, 100.0)
    breaker.started(100.0)
    breaker.failed(100.0, 50.0)
    breaker.started(150.0)
    breaker.succeeded(151.0)
    breaker.failed(152.0)
    assert breaker.state(157.0) == "half_open"


def test_nor_does_it_lengthen_an_outage_that_begins_after_an_answer() -> None:
    breaker = CircuitBreaker(failures=2, cooldown_s=5.0)
    breaker.failed(0.0, 100.0)
    breaker.succeeded(1.0)
    breaker.failed(2.0)
    breaker.failed(2.0)
    assert (breaker.state(6.9), breaker.state(7.0)) == ("open", "half_open")


def test_an_answered_probe_of_an_earlier_try_does_not_count_in_the_next() -> None:
    breaker = opened(cooldown_s=5.0, probes=2)
    breaker.started(5.0)
    breaker.started(5.0)
    breaker.succeeded(6.0)
    breaker.failed(6.0)
    breaker.started(16.0)
    breaker.succeeded(17.0)
    assert (breaker.state(17.0), breaker.allows(17.0)) == ("half_open", True)


def test_as_many_probes_as_asked_and_all_must_be_answered() -> None:
    breaker = opened(cooldown_s=5.0, probes=2)
    breaker.started(5.0)
    assert breaker.allows(5.0)
    breaker.started(5.0)
    assert not breaker.allows(5.0)
    breaker.succeeded(6.0)
    assert (breaker.state(6.0), breaker.allows(6.0)) == ("half_open", False)
    breaker.succeeded(7.0)
    assert breaker.state(7.0) == "closed"


def test_one_failed_probe_of_two_opens_it_again_and_the_other_changes_nothing() -> None:
    breaker = opened(cooldown_s=5.0, probes=2)
    begun = [breaker.started(5.0), breaker.started(5.0)]
    breaker.failed(6.0, begun=begun[0])
    breaker.succeeded(7.0, begun=begun[1])
    breaker.failed(8.0, begun=begun[1])
    assert (breaker.state(15.9), breaker.state(16.0), breaker.openings) == ("open", "half_open", 2)


def test_a_cancelled_probe_gives_its_place_back() -> None:
    breaker = opened(cooldown_s=5.0)
    breaker.started(5.0)
    breaker.cancelled(6.0)
    assert (breaker.state(6.0), breaker.allows(6.0)) == ("half_open", True)


def test_a_probe_that_is_never_heard_of_again_does_not_wedge_it() -> None:
    breaker = opened(cooldown_s=5.0, max_cooldown_s=60.0)
    breaker.started(5.0)
    assert (breaker.allows(64.9), breaker.allows(65.0)) == (False, True)
    breaker.started(65.0)
    assert not breaker.allows(65.0)
    breaker.cancelled(66.0)
    assert breaker.allows(66.0)


def test_results_of_calls_begun_before_it_opened_move_nothing() -> None:
    breaker = CircuitBreaker(failures=2, cooldown_s=5.0)
    early = [breaker.started(0.0) for _ in range(5)]
    breaker.failed(1.0, begun=early[0])
    breaker.failed(1.0, begun=early[1])
    probe = breaker.started(6.0)
    breaker.failed(6.5, begun=early[2])
    breaker.succeeded(6.5, begun=early[3])
    assert (breaker.state(6.5), breaker.allows(6.5), breaker.openings) == ("half_open", False, 1)
    breaker.succeeded(7.0, begun=probe)
    breaker.failed(7.0, begun=early[4])
    breaker.failed(7.0, begun=breaker.started(7.0))
    assert breaker.state(7.0) == "closed"


def test_many_late_failures_double_nothing_without_their_number_either() -> None:
    breaker = opened(cooldown_s=5.0)
    for _ in range(20):
        breaker.failed(1.0)
    assert (breaker.state(5.0), breaker.openings) == ("half_open", 1)


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_what_counts(kind: FailureKind) -> None:
    breakers = Breakers(failures=3)
    failure = Failure(kind=kind, message="x")
    calls = 0
    while breakers.allows("m", 1.0) and calls < 10:
        begun = breakers.started("m", 1.0)
        breakers.ended("m", failure, 1.0, begun=begun)
        calls += 1
    expected = {
        "connection": 3, "timeout": 3, "server": 3, "rate_limit": 3, "malformed": 3,
        "truncated": 3, "forbidden": 3, "not_found": 3, "auth": 1,
        "bad_request": 10, "context_overflow": 10, "conflict": 10, "cancelled": 10,
        "unavailable": 10, "not_recorded": 10,
    }  # fmt: skip
    assert calls == expected[kind]


def test_the_kinds_named_exist_and_none_is_named_twice() -> None:
    assert frozenset(get_args(FailureKind)) >= COUNTED | AT_ONCE
    assert not COUNTED & AT_ONCE


def test_a_probe_that_says_nothing_of_the_model_leaves_room_for_another() -> None:
    breakers = Breakers(failures=1, cooldown_s=5.0)
    breakers.ended("m", Failure(kind="server", message="503"), 0.0)
    begun = breakers.started("m", 5.0)
    breakers.ended("m", Failure(kind="bad_request", message="400"), 5.5, begun=begun)
    assert breakers.of("m").state(5.5) == "half_open"
    assert breakers.allows("m", 5.5)


def test_models_have_breakers_of_their_own_and_openings_are_counted() -> None:
    breakers = Breakers(failures=1, cooldown_s=5.0)
    down = Failure(kind="rate_limit", message="429", retry_after_s=9.0)
    breakers.ended("b", down, 0.0, begun=breakers.started("b", 0.0))
    breakers.ended("a", None, 0.0, begun=breakers.started("a", 0.0))
    assert [breakers.allows(model, 8.9) for model in ("a", "b", "never asked")] == [
        True, False, True,
    ]  # fmt: skip
    assert breakers.openings == {"a": 0, "b": 1}
    assert breakers.allows("b", 9.0)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["start", "ok", "fail", "cancel", "lost"]),
        st.floats(0.0, 40.0),
        st.one_of(st.none(), st.floats(0.0, 500.0)),
    ),
    max_size=60,
)


@given(events=EVENTS, probes=st.integers(1, 3), numbered=st.booleans())
def test_whatever_happens_it_allows_a_call_again(
    events: list[tuple[str, float, float | None]], probes: int, numbered: bool
) -> None:
    breaker = CircuitBreaker(failures=2, cooldown_s=5.0, max_cooldown_s=60.0, probes=probes)
    now, calls = 0.0, list[int]()
    for kind, later, asked in events:
        now += later
        if kind == "start":
            begun = [breaker.started(now) for _ in range(5) if breaker.allows(now)]
            calls += begun
            assert len(begun) <= probes or breaker.state(now) == "closed"
        elif calls:
            number = calls.pop(0)
            ticket = number if numbered else None
            if kind == "ok":
                breaker.succeeded(now, begun=ticket)
            elif kind == "fail":
                breaker.failed(now, asked, begun=ticket)
            elif kind == "cancel":
                breaker.cancelled(now, begun=ticket)
    assert breaker.allows(now + 60.0)


@pytest.mark.parametrize(
    "settings",
    [{"failures": 0}, {"probes": 0}, {"window_s": 0.0}, {"cooldown_s": 200.0}],
)
def test_bad_settings_are_told_at_once(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        Breakers(**settings)  # type: ignore[arg-type]
