"""The process that learns for all workers, keeps the one journal, and feeds ledger and audit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from gairp.clock import WallClock
from gairp.gateway.build import (
    build_engine,
    build_feeds,
    build_follower,
    build_store,
    build_upstreams,
)
from gairp.gateway.learners.house import House
from gairp.gateway.limits.protocol import OpenPurse
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.workers.exposition import Exposition
from gairp.gateway.workers.hub import Hub
from gairp.gateway.workers.learner_metrics import LearnerMetrics
from gairp.gateway.workers.merger import Merger
from gairp.gateway.workers.part import LEARNER, Part
from gairp.gateway.workers.publisher import Publisher
from gairp.gateway.workers.recalled import Recalled
from gairp.gateway.workers.spools import Spools
from gairp.gateway.workers.stop import Stop

_IDLE_S = 0.01


async def learn(
    settings: GatewaySettings, part: Part, stop: Stop, ready: Callable[[], object]
) -> None:
    """Until `stop`, and until all that the workers have written is in the journal."""
    async with AsyncExitStack() as stack:
        follower = await asyncio.to_thread(build_follower, settings)
        clock = WallClock(time.monotonic() - part.started)
        engine = build_engine(settings, build_upstreams(settings), follower=follower, clock=clock)
        house = engine.house
        told = settings.publish
        publisher = Publisher(house, learns=told.learns, after_s=told.after_s)
        recalled = Recalled(settings.explained)
        spools = Spools(settings.folder())
        stack.callback(spools.close)
        merger = Merger(house, spools, publisher, recalled)
        merger.catch_up()  # what was left when the last one ended
        store = None if part.again else build_store(settings, stack)
        feeds = build_feeds(settings, OpenPurse(), store, again=part.again)
        if feeds is not None:
            stack.callback(feeds.close)
            feeds.start()
        stack.callback(house.close)  # before the feeds, which take what it writes last
        hub = Hub(merger, publisher, recalled)
        await hub.start(Path(part.line))
        stack.push_async_callback(hub.aclose)
        shown = Exposition(
            settings.folder(), LEARNER, LearnerMetrics(house, spools, feeds).families
        )
        async with asyncio.TaskGroup() as tasks:
            keeping = [
                tasks.create_task(_keep(merger, house, settings.snapshot_every_s)),
                tasks.create_task(shown.keep()),
            ]
            if follower is not None:
                watching = follower.watch(house, settings.registry_every_s)
                keeping.append(tasks.create_task(watching))
            ready()
            await _merge(merger, hub, publisher, stop)
            for task in keeping:
                task.cancel()
        merger.catch_up()
        merger.checkpoint()


async def _merge(merger: Merger, hub: Hub, publisher: Publisher, stop: Stop) -> None:
    """Take what comes and tell what was learned, until the workers are gone as well."""
    while not (stop.asked and (stop.overdue or not hub.workers)):
        count = merger.round()
        states = publisher.due()
        if states:
            hub.tell(states)
        await asyncio.sleep(0 if count else _IDLE_S)


async def _keep(merger: Merger, house: House, every_s: float) -> None:
    """Snapshots of the learners, and what has been read of the workers."""
    while True:
        await asyncio.sleep(every_s)
        for served in house.learners.values():
            house.snapshot(served)
        merger.checkpoint()
