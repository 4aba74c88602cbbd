"""Requests, tokens and places: the same promises in memory and in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gairp.gateway.errors import ApiError
from gairp.gateway.limits.memory import MemoryLimits
from gairp.gateway.limits.protocol import Limits
from gairp.gateway.limits.redis import RedisLimits, connect
from gairp.gateway.principal import Principal, Quota


def who(*quotas: tuple[str, Quota]) -> Principal:
    return Principal(tenant="t", quotas=quotas)


class Clock:
    """Time that a test moves; begins at the start of a minute."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


Work = Callable[[Limits, Clock], Awaitable[Any]]


@pytest.fixture(params=["memory", "redis"])
def within(request: pytest.FixtureRequest) -> Callable[[Work], Any]:
    """Run work on limits of either kind."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None

    def run(work: Work) -> Any:
        async def main() -> Any:
            clock = Clock()
            if url is None:
                return await work(MemoryLimits(now=clock), clock)
            redis = connect(url)
            await redis.flushall()
            try:
                return await work(RedisLimits(redis, now=clock), clock)
            finally:
                await redis.aclose()

        return asyncio.run(main())

    return run


def test_requests_a_minute(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> ApiError:
        me = who(("key:a", Quota(rpm=3)), ("tenant:t", Quota(rpm=100)))
        for _ in range(3):
            await limits.admit(me, "m", 1)
        with pytest.raises(ApiError) as caught:
            await limits.admit(me, "m", 1)
        await limits.admit(who(("key:b", Quota(rpm=3))), "m", 1)
        return caught.value

    error = within(work)
    assert (error.status, error.code, error.type) == (429, "rate_limit_exceeded", "requests")
    assert 0 < int(error.headers["retry-after"]) <= 60


def test_a_refusal_uses_up_nothing(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> None:
        me = who(("tenant:t", Quota(rpm=5, tpm=1000, concurrency=2)), ("key:a", Quota(rpm=1)))
        other = who(("tenant:t", Quota(rpm=5, tpm=1000, concurrency=2)))
        ticket = await limits.admit(me, "m", 100)
        for _ in range(10):
            with pytest.raises(ApiError):
                await limits.admit(me, "m", 100)
        await limits.done(ticket, 100)
        for _ in range(4):
            await limits.done(await limits.admit(other, "m", 100), 100)
        with pytest.raises(ApiError):
            await limits.admit(other, "m", 100)

    within(work)


def test_tokens_are_held_settled_and_come_back(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> tuple[ApiError, ApiError]:
        me = who(("key:a", Quota(tpm=600)))
        ticket = await limits.admit(me, "m", 500)
        with pytest.raises(ApiError) as caught:
            await limits.admit(me, "m", 200)
        await limits.done(ticket, 100)  # took less: 400 come back
        await limits.done(await limits.admit(me, "m", 500), 500)
        clock.at += 30.0  # ten a second
        await limits.done(await limits.admit(me, "m", 300), 300)
        with pytest.raises(ApiError) as never:
            await limits.admit(me, "m", 601)
        return caught.value, never.value

    soon, never = within(work)
    assert (soon.type, soon.headers["retry-after"]) == ("tokens", "10")  # 100 short
    assert "lower max_tokens" in never.message
    assert "retry-after" not in never.headers


def test_more_tokens_than_held_are_a_debt(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> None:
        me = who(("key:a", Quota(tpm=600)))
        await limits.done(await limits.admit(me, "m", 10), 900)
        with pytest.raises(ApiError):
            await limits.admit(me, "m", 1)
        clock.at += 40.0
        await limits.admit(me, "m", 100)

    within(work)


def test_places(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> None:
        me = who(("key:a", Quota(concurrency=2)))
        first = await limits.admit(me, "m", 1)
        await limits.admit(me, "m", 1)
        with pytest.raises(ApiError, match="2 requests at once"):
            await limits.admit(me, "m", 1)
        await limits.done(first, 1)
        await limits.admit(me, "m", 1)

    within(work)


def test_quotas_of_a_pattern_hold_for_its_models(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> None:
        me = who(("tenant:t/model:gpt-*", Quota(rpm=1)))
        await limits.admit(me, "gpt-4o", 1)
        for _ in range(3):
            await limits.admit(me, "llama", 1)
        with pytest.raises(ApiError):
            await limits.admit(me, "gpt-5", 1)

    within(work)


def test_concurrent_requests_do_not_race_past_a_limit(within: Callable[[Work], Any]) -> None:
    async def work(limits: Limits, clock: Clock) -> int:
        me = who(("key:a", Quota(tpm=1000)))
        tried = (limits.admit(me, "m", 100) for _ in range(64))
        results = await asyncio.gather(*tried, return_exceptions=True)
        return sum(not isinstance(one, BaseException) for one in results)

    assert within(work) == 10


def test_what_is_left_is_said() -> None:
    async def work() -> list[tuple[bytes, bytes]]:
        limits = MemoryLimits(now=Clock())
        me = who(("key:a", Quota(rpm=10, tpm=1000)), ("tenant:t", Quota(rpm=99, tpm=300)))
        return list((await limits.admit(me, "m", 50)).headers)

    assert asyncio.run(work()) == [
        (b"x-ratelimit-limit-tokens", b"300"),
        (b"x-ratelimit-remaining-tokens", b"250"),
        (b"x-ratelimit-limit-requests", b"10"),
        (b"x-ratelimit-remaining-requests", b"9"),
    ]


def test_without_redis_nobody_is_let_in() -> None:
    async def work() -> ApiError:
        redis = connect("redis://127.0.0.1:1/0")
        with pytest.raises(ApiError) as caught:
            await RedisLimits(redis).admit(who(("key:a", Quota(rpm=1))), "m", 1)
        await redis.aclose()
        return caught.value

    assert asyncio.run(work()).status == 503
