"""The library's sliding windows, counted without its threads."""

from __future__ import annotations

import threading

from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from gairp.gateway.limits.windows import WindowStorage


class Clock:
    """Unix time that a test sets."""

    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def test_hits_of_the_window_before_count_by_the_share_of_it_that_is_left() -> None:
    clock = Clock()
    storage = WindowStorage(now=clock)
    limiter, ten = SlidingWindowCounterRateLimiter(storage), RateLimitItemPerMinute(10)
    assert [limiter.hit(ten, "key:a") for _ in range(11)] == [True] * 10 + [False]
    clock.now += 90  # half of the next window is over: 10 hits count for 5
    assert storage.get_sliding_window(ten.key_for("key:a"), 60) == (10, 30.0, 0, 90.0)
    assert storage.hit(ten.key_for("key:a"), 10, 60, 0) == 5
    assert limiter.get_window_stats(ten, "key:a").remaining == 5
    assert [limiter.hit(ten, "key:a") for _ in range(6)] == [True] * 5 + [False]
    assert limiter.hit(ten, "key:b")
    clock.now += 120  # a whole window without hits lies between
    assert storage.hit(ten.key_for("key:a"), 10, 60, 0) == 10


def test_what_is_over_is_forgotten_and_no_thread_is_started() -> None:
    clock, threads = Clock(), threading.active_count()
    storage = WindowStorage(now=clock)
    for i in range(1000):
        assert storage.acquire_sliding_window_entry(f"key:{i}", 5, 60)
    clock.now += 120
    assert storage.acquire_sliding_window_entry("key:new", 5, 60)
    assert storage.reset() == 1
    assert threading.active_count() == threads
