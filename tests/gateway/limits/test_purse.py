"""Dollars: what is spent, kept and reserved never exceeds a budget."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.gateway.limits.periods import period_key
from gairp.gateway.limits.protocol import Purse
from gairp.gateway.limits.purse import MemoryPurse
from gairp.gateway.limits.redis import RedisPurse, connect
from gairp.gateway.principal import Principal, Quota

Work = Callable[[Purse], Awaitable[Any]]
NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp()


def who(**budgets: float) -> Principal:
    return Principal(
        tenant="t", quotas=tuple((name, Quota(usd=usd)) for name, usd in budgets.items())
    )


@pytest.fixture(params=["memory", "redis"])
def within(request: pytest.FixtureRequest) -> Callable[[Work], Any]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None

    def run(work: Work) -> Any:
        async def main() -> Any:
            if url is None:
                return await work(MemoryPurse(now=lambda: NOVEMBER))
            redis = connect(url)
            await redis.flushall()
            try:
                return await work(RedisPurse(redis, now=lambda: NOVEMBER))
            finally:
                await redis.aclose()

        return asyncio.run(main())

    return run


def test_held_settled_and_kept(within: Callable[[Work], Any]) -> None:
    async def work(purse: Purse) -> list[Any]:
        me = who(key=1.0, tenant=10.0)
        held = [await purse.hold(me, "a", 0.6), await purse.hold(me, "b", 0.5)]
        await purse.settle(me, "a", 0.1)
        held.append(await purse.hold(me, "b", 0.5))
        left = purse.left_usd(me)
        await purse.keep(me, "b")
        held.append(await purse.hold(me, "c", 0.41))
        held.append(await purse.hold(me, "c", 0.4))
        return [*held, left]

    *held, left = within(work)
    assert held == [True, False, True, False, True]
    assert left == pytest.approx(0.4, abs=1e-11)


def test_a_call_is_held_and_closed_once(within: Callable[[Work], Any]) -> None:
    async def work(purse: Purse) -> tuple[bool, float]:
        me = who(key=1.0)
        await purse.hold(me, "a", 0.5)
        twice = await purse.hold(me, "a", 0.1)
        for _ in range(3):
            await purse.settle(me, "a", 0.25)
        await purse.hold(me, "z", 0.0)
        return twice, purse.left_usd(me)

    assert within(work) == (False, 0.75)


def test_what_is_held_can_be_listed_and_closed(within: Callable[[Work], Any]) -> None:
    async def work(purse: Any) -> tuple[set[str], set[str], float]:
        me = who(key=1.0, tenant=2.0)
        for name in ("a", "b", "c"):
            await purse.hold(me, name, 0.25)
        await purse.settle(me, "a", 0.125)
        await purse.keep(me, "b")
        before = await purse.held_calls()
        for _ in range(2):  # twice changes nothing
            await purse.close_call("b", before["b"], 10**11)
        after = set(await purse.held_calls())
        await purse.hold(me, "z", 0.0)
        return set(before), after, purse.left_usd(me)

    assert within(work) == ({"b", "c"}, {"c"}, pytest.approx(1.0 - 0.125 - 0.1 - 0.25))


def test_what_redis_did_not_hear_is_told_later(redis_url: str) -> None:
    async def work() -> tuple[float, int, float, list[str]]:
        redis, me = connect(redis_url), who(key=1.0)
        await redis.flushall()
        purse = RedisPurse(redis, now=lambda: NOVEMBER)
        script = purse._settle

        async def away(**more: Any) -> None:
            raise ConnectionRefusedError("no Redis")

        purse._settle = away
        await purse.hold(me, "a", 0.5)
        await purse.settle(me, "a", 0.25)  # raises nothing: the answer is there
        owed = len(purse._owed)
        while_away = purse.left_usd(me)
        purse._owed._waiting[0] = (script, *purse._owed._waiting[0][1:])
        purse._settle = script
        await purse.hold(me, "b", 0.125)
        held = list(await purse.held_calls())
        await purse.hold(me, "c", 0.0)
        left = purse.left_usd(me)
        await redis.aclose()
        return while_away, owed, left, held

    assert asyncio.run(work()) == (0.5, 1, 0.625, ["b"])


def test_without_a_budget_all_is_free(within: Callable[[Work], Any]) -> None:
    async def work(purse: Purse) -> tuple[float, bool]:
        nobody = Principal(tenant="t", quotas=(("key", Quota(rpm=5)),))
        return purse.left_usd(nobody), await purse.hold(nobody, "a", math.nan)

    assert within(work) == (math.inf, True)


def test_what_nobody_can_bound_is_not_let_through(within: Callable[[Work], Any]) -> None:
    async def work(purse: Purse) -> list[bool]:
        return [await purse.hold(who(key=1.0), str(x), x) for x in (math.nan, math.inf, -1.0)]

    assert within(work) == [False, False, False]


def test_periods_are_calendar_ones() -> None:
    assert period_key("month", NOVEMBER) == "2026-11"
    assert period_key("month", NOVEMBER + 60) == "2026-12"
    assert period_key("day", NOVEMBER) == "2026-11-30"
    assert period_key("total", NOVEMBER) == "total"


def test_a_new_month_begins_anew_and_late_bills_go_to_the_old_one() -> None:
    async def work() -> tuple[bool, float, float]:
        now = [NOVEMBER]
        purse = MemoryPurse(now=lambda: now[0])
        me = who(key=1.0)
        await purse.hold(me, "a", 0.9)
        now[0] += 120
        fresh = await purse.hold(me, "b", 0.9)
        await purse.settle(me, "a", 0.8)
        return fresh, purse.spent_usd("key", "2026-11"), purse.spent_usd("key", "2026-12")

    assert asyncio.run(work()) == (True, 0.8, 0.0)


def test_restored_from_a_ledger() -> None:
    purse = MemoryPurse(now=lambda: NOVEMBER)
    purse.restore({("key", "2026-11"): (0.4, 0.25)})
    assert purse.left_usd(who(key=1.0)) == pytest.approx(0.35, abs=1e-11)


Step = tuple[str, int, float]
STEPS = st.lists(
    st.tuples(st.sampled_from(["hold", "settle", "keep"]), st.integers(0, 8), st.floats(0.0, 0.7)),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_never_more_than_the_budget_whatever_comes(steps: list[Step]) -> None:
    """As long as no call costs more than was held for it."""

    async def work() -> None:
        purse, me = MemoryPurse(now=lambda: NOVEMBER), who(key=1.0, tenant=1.5)
        held: dict[str, float] = {}
        spent = 0.0
        for what, call, usd in steps:
            name = str(call)
            if what == "hold" and await purse.hold(me, name, usd):
                held[name] = usd
            elif what == "settle" and name in held:
                cost = min(usd, held.pop(name))
                spent += cost
                await purse.settle(me, name, cost)
            elif what == "keep":
                await purse.keep(me, name)
            assert sum(held.values()) + spent <= 1.0 + 1e-9
            left = 1.0 - sum(held.values()) - spent
            assert purse.left_usd(me) == pytest.approx(left, abs=1e-9)

    asyncio.run(work())
