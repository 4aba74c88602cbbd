"""Never more calls at once than allowed, first come first served, and no place is ever lost."""

from __future__ import annotations

import asyncio
import random

import pytest

from gairp.errors import ConfigError
from gairp.routing.slots import Slots


async def settled() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def holder(slots: Slots, model: str, name: str, log: list[str], go: asyncio.Event) -> None:
    async with slots.hold(model):
        log.append(name)
        await go.wait()


def test_places_are_given_in_the_order_of_arrival() -> None:
    async def run() -> None:
        slots, log = Slots({"m": 2}), list[str]()
        gates = {name: asyncio.Event() for name in "abcde"}
        tasks = [asyncio.create_task(holder(slots, "m", n, log, gates[n])) for n in "abcde"]
        await settled()
        assert (log, slots.in_flight("m"), slots.queued("m")) == (["a", "b"], 2, 3)
        gates["b"].set()
        await settled()
        assert (log, slots.in_flight("m"), slots.queued("m")) == (["a", "b", "c"], 2, 2)
        for gate in gates.values():
            gate.set()
        await asyncio.gather(*tasks)
        assert (log, slots.in_flight("m"), slots.queued("m")) == (list("abcde"), 0, 0)

    asyncio.run(run())


def test_a_newcomer_cannot_overtake_in_the_turn_in_which_a_place_is_given_back() -> None:
    async def run() -> None:
        slots, log, gate = Slots({"m": 1}), list[str](), asyncio.Event()

        async def twice() -> None:
            await holder(slots, "m", "first", log, gate)
            await holder(slots, "m", "third", log, gate)  # asks before the second has run

        first = asyncio.create_task(twice())
        await settled()
        second = asyncio.create_task(holder(slots, "m", "second", log, gate))
        await settled()
        gate.set()
        await asyncio.gather(first, second)
        assert log == ["first", "second", "third"]

    asyncio.run(run())


def test_the_wait_is_measured_and_nothing_where_nobody_waits() -> None:
    async def run() -> None:
        slots, waits = Slots({"m": 1}), list[float]()

        async def one() -> None:
            async with slots.hold("m") as waited_s:
                waits.append(waited_s)
                await asyncio.sleep(0.02)

        await asyncio.gather(one(), one())
        assert waits[0] == 0.0
        assert 0.015 <= waits[1] < 2.0

    asyncio.run(run())


def test_a_cancelled_waiter_leaves_no_trace() -> None:
    async def run() -> None:
        slots, log, gate = Slots({"m": 1}), list[str](), asyncio.Event()
        first, second, third = (
            asyncio.create_task(holder(slots, "m", name, log, gate)) for name in "abc"
        )
        await settled()
        second.cancel()
        await settled()
        assert slots.queued("m") == 1
        gate.set()
        await asyncio.gather(first, third)
        assert second.cancelled()
        assert (log, slots.in_flight("m"), slots.queued("m")) == (["a", "c"], 0, 0)

    asyncio.run(run())


def test_a_place_given_to_a_task_that_is_cancelled_in_the_same_turn_goes_to_the_next() -> None:
    async def run() -> None:
        slots, log, gate = Slots({"m": 1}), list[str](), asyncio.Event()
        waiters = list[asyncio.Task[None]]()

        async def first() -> None:
            async with slots.hold("m"):
                await settled()
            assert (slots.in_flight("m"), slots.queued("m")) == (1, 1)  # the second has the place
            waiters[0].cancel()  # and has not run yet

        leaving = asyncio.create_task(first())
        await asyncio.sleep(0)
        waiters += [asyncio.create_task(holder(slots, "m", n, log, gate)) for n in "bc"]
        await leaving
        await settled()
        assert waiters[0].cancelled()
        assert (log, slots.in_flight("m"), slots.queued("m")) == (["c"], 1, 0)
        gate.set()
        await waiters[1]
        assert slots.in_flight("m") == 0

    asyncio.run(run())


def test_a_waiter_cancelled_in_the_turn_in_which_a_place_is_given_back_only_ends() -> None:
    async def run() -> None:
        slots, log, gate = Slots({"m": 1}), list[str](), asyncio.Event()
        waiters = list[asyncio.Task[None]]()

        async def first() -> None:
            async with slots.hold("m"):
                await settled()
                waiters[0].cancel()  # it has not heard of that when the place is passed on

        leaving = asyncio.create_task(first())
        await asyncio.sleep(0)
        waiters += [asyncio.create_task(holder(slots, "m", n, log, gate)) for n in "bc"]
        gate.set()
        await leaving
        ends = await asyncio.gather(*waiters, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError, type(None)]
        assert (log, slots.in_flight("m"), slots.queued("m")) == (["c"], 0, 0)

    asyncio.run(run())


def test_an_error_in_the_block_gives_the_place_back() -> None:
    async def run() -> None:
        slots = Slots({}, default=1)
        with pytest.raises(RuntimeError, match="broken"):
            async with slots.hold("m"):
                raise RuntimeError("broken")
        async with asyncio.timeout(1), slots.hold("m") as waited_s:
            assert (waited_s, slots.in_flight("m")) == (0.0, 1)

    asyncio.run(run())


def test_models_do_not_wait_for_each_other_and_no_limit_is_no_limit() -> None:
    async def run() -> None:
        slots, log, gate = Slots({"a": 1}, default=None), list[str](), asyncio.Event()
        tasks = [asyncio.create_task(holder(slots, "b", "b", log, gate)) for _ in range(50)]
        tasks += [asyncio.create_task(holder(slots, "a", "a", log, gate)) for _ in range(2)]
        await settled()
        assert (slots.in_flight("a"), slots.queued("a")) == (1, 1)
        assert (slots.in_flight("b"), slots.queued("b"), slots.in_flight("c")) == (50, 0, 0)
        gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())


@pytest.mark.parametrize("seed", range(20))
def test_under_random_cancellations_the_limit_holds_and_no_place_is_lost(seed: int) -> None:
    async def run() -> int:
        rng, slots, peak = random.Random(seed), Slots({"m": 3}), 0

        async def one(turns: int) -> None:
            nonlocal peak
            async with slots.hold("m"):
                peak = max(peak, slots.in_flight("m"))
                for _ in range(turns):
                    await asyncio.sleep(0)

        tasks = [asyncio.create_task(one(rng.randrange(5))) for _ in range(80)]
        for _ in range(40):
            await asyncio.sleep(0)
            rng.choice(tasks).cancel()
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert {type(end) for end in ends} <= {type(None), asyncio.CancelledError}
        assert (slots.in_flight("m"), slots.queued("m")) == (0, 0)
        return peak

    assert asyncio.run(run()) == 3


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"slots\.limits\['m'\] is 0"):
        Slots({"m": 0})
    with pytest.raises(ConfigError, match=r"slots\.default is 0"):
        Slots({}, default=0)
