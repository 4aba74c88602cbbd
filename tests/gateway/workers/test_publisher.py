"""When workers get what was learned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gairp.gateway.workers.publisher import Publisher, changes
from gairp.gateway.workers.wire import Features, State
from gairp.policies.budget.target_cost import TargetCost
from gairp.policies.floor import ExplorationFloor
from gairp.policies.linucb import LinUCB
from gairp.policies.random import Random
from tests.gateway.world import World, world


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _with_world(home: Path, work: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        async with world(home) as it:
            await work(it)

    asyncio.run(run())


def _learners(told: list[Features | State]) -> list[tuple[str, int]]:
    return [(s.recipe.policy, s.updates) for s in told if isinstance(s, State)]


async def _learn(it: World, count: int) -> None:
    for _ in range(count):
        raw = await it.ask("gairp/auto")
        body = {"decision_id": raw.headers["x-gairp-decision-id"], "score": 1.0}
        await it.http.post("/v1/feedback", json=body)


def test_a_state_goes_out_after_so_many_updates_or_so_long(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        house, clock = it.gateway.engine.house, Clock()
        publisher = Publisher(house, learns=3, after_s=1.0, now=clock)
        first = publisher.due()
        assert isinstance(first[0], Features)
        assert sorted(_learners(first)) == [("any", 0), ("auto", 0), ("direct", 0)]
        assert publisher.due() == []
        auto = house.find("auto")
        await _learn(it, 2)
        publisher.touched(auto)
        assert publisher.due() == []
        await _learn(it, 1)
        (state,) = publisher.due()
        assert isinstance(state, State)
        assert (state.updates, state.as_of) == (3, house.ink.seq)
        assert state.state == auto.policy.save()
        await _learn(it, 1)
        publisher.touched(auto)
        clock.now = 0.9
        assert publisher.due() == []
        clock.now = 1.0
        assert _learners(publisher.due()) == [("auto", 4)]
        publisher.touched(auto)  # observed, and nothing came of it
        clock.now = 9.0
        assert publisher.due() == []
        assert len(list(publisher.all())) == 4

    _with_world(tmp_path, work)


def test_which_policies_change() -> None:
    assert changes(LinUCB())
    assert changes(ExplorationFloor(policy=LinUCB(), floor=0.1))
    assert not changes(Random())
    assert not changes(ExplorationFloor(policy=Random(), floor=0.1))
    budgeted: Any = TargetCost(policy=LinUCB(), target_usd=0.001)
    assert changes(budgeted)
    assert changes(ExplorationFloor(policy=budgeted, floor=0.1))
