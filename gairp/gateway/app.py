"""The application: all is made when it starts, in its event loop, and put away when it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from gairp.clock import WallClock
from gairp.errors import GairpError
from gairp.gateway.build import (
    build_authenticator,
    build_catalogue,
    build_content,
    build_engine,
    build_feeds,
    build_follower,
    build_holds,
    build_limits,
    build_store,
    build_upstreams,
    build_watcher,
)
from gairp.gateway.exchange.client import Receive, Send
from gairp.gateway.exchange.shadows import Shadows
from gairp.gateway.exchange.tariff import Tariff
from gairp.gateway.gateway import Gateway
from gairp.gateway.limits.unpriced import UnpricedWatch
from gairp.gateway.metrics import Metrics
from gairp.gateway.routes.others import Others
from gairp.gateway.rules.keeper import RuleKeeper
from gairp.gateway.servers import started_upstreams
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.gateway.workers.exposition import Exposition
from gairp.gateway.workers.leftovers import take_leftovers
from gairp.gateway.workers.link import Link
from gairp.gateway.workers.part import Part
from gairp.gateway.workers.peers import Peers
from gairp.telemetry.event import note

Scope = Mapping[str, Any]
_LOG = logging.getLogger("gairp.gateway")
_LEARNER_S = 600.0  #: it may have a long journal to read


class App:
    """ASGI; `gateway` is there while it runs."""

    def __init__(self, settings: GatewaySettings, part: Part | None = None) -> None:
        """`part`: which of several processes this is."""
        self.settings, self.part = settings, part
        self.gateway: Gateway | None = None
        self.failure: GairpError | None = None  #: why it did not start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or live from startup to shutdown."""
        await self.direct(scope, receive, send)

    def direct(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The same without a coroutine around it, for servers that are told it is ASGI 3.

        A server that has to find that out takes what is not `async def` for ASGI 2.
        """
        if scope["type"] == "lifespan":
            return self._live(receive, send)
        assert scope["type"] == "http", "clients speak HTTP here and nothing else"
        assert self.gateway is not None, "the server must run the application's lifespan"
        return self.gateway(scope, receive, send)

    def idle(self) -> bool:
        """Whether no request is under way."""
        return self.gateway is None or self.gateway.in_flight == 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        """The gateway, for as long as the block lasts; for tests and for servers alike."""
        async with AsyncExitStack() as stack:
            self.gateway = await _opened(self.settings, self.part, stack)
            try:
                yield self.gateway
            finally:
                await self.gateway.drain()
                self.gateway = None
        note(_LOG, logging.INFO, "gateway.stopped", "all is settled and put away")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except GairpError as error:
            self.failure = error
            # Whoever started it says why, in as many lines as that takes; a log has one for it.
            line = str(error) if self.settings.log.format == "json" else ""
            await send({"type": "lifespan.startup.failed", "message": line})
            raise
        await send({"type": "lifespan.shutdown.complete"})


def create_app(settings: GatewaySettings, part: Part | None = None) -> App:
    """Nothing is opened or started before the lifespan begins."""
    return App(settings, part)


async def _opened(settings: GatewaySettings, part: Part | None, stack: AsyncExitStack) -> Gateway:
    link = None if part is None else await _linked(part, stack)
    upstreams = {**build_upstreams(settings), **await started_upstreams(settings, stack)}
    for upstream in upstreams.values():
        stack.push_async_callback(upstream.aclose)
    store = build_store(settings, stack)
    authenticator = build_authenticator(settings, store)
    if authenticator is not None:
        stack.push_async_callback(authenticator.aclose)
        await authenticator.start()
    limits, purse = build_limits(settings, stack)
    alone = link is None
    follower = build_follower(settings) if alone else None
    engine = build_engine(
        settings, upstreams, purse=purse, follower=follower, link=link, clock=_clock(part)
    )
    if authenticator is not None:
        _watch_prices(authenticator, engine.tariff)
    if alone:
        take_leftovers(engine.house, settings.folder())
    feeds = build_feeds(settings, purse, store) if alone else None
    if feeds is not None:
        stack.callback(feeds.close)
        feeds.start()
    holds = build_holds(store, purse)
    if holds is not None:
        stack.push_async_callback(_cancelled, asyncio.create_task(holds.watch()))
    stack.callback(engine.house.close)  # before the feeds, which take what it writes last
    # Lists of prices are long; the first answer of a model that no short one has must not wait.
    listing = asyncio.to_thread(engine.tariff.catalogue.read)
    stack.push_async_callback(_cancelled, asyncio.create_task(listing))
    if alone:
        keeping = asyncio.create_task(engine.house.keep_snapshots(settings.snapshot_every_s))
        stack.push_async_callback(_cancelled, keeping)
    if follower is not None:
        watching = follower.watch(engine.house, settings.registry_every_s)
        stack.push_async_callback(_cancelled, asyncio.create_task(watching))
    metrics = Metrics()
    engine.house.ink.tell(metrics.heard)
    catalogue, keeper = build_catalogue(settings), None
    if settings.rules is not None:
        keeper = RuleKeeper(Path(settings.rules), catalogue)
        stack.push_async_callback(_cancelled, asyncio.create_task(keeper.watch()))
    watcher = build_watcher(settings, engine, stack)
    content = build_content(settings, store, stack)
    shadows = Shadows(engine, share=1.0 if part is None else 1.0 / part.of)
    stack.push_async_callback(shadows.aclose)
    peers = None if link is None else Peers(link, engine.affinities)
    gateway = Gateway(
        engine=engine,
        catalogue=catalogue,
        direct=None if keeper is None else keeper.direct,
        shadows=shadows,
        feeds=feeds,
        metrics=metrics,
        watcher=watcher,
        content=content,
        authenticator=authenticator,
        limits=limits,
        other=Others(
            authenticator=authenticator,
            store=store,
            audit=settings.folder() / "audit.jsonl",
            accounts=settings.accounts,
            content=settings.content,
        ),
        largest_body=settings.largest_body,
        in_flight=settings.in_flight,
        drain_s=settings.drain_s,
        peers=peers,
    )
    if peers is not None:
        shown = Exposition(settings.folder(), peers.name, lambda: metrics.families(gateway.gauges))
        peers.exposition = shown
        stack.push_async_callback(_cancelled, asyncio.create_task(shown.keep()))
    return gateway


def _watch_prices(authenticator: Authenticator, tariff: Tariff) -> None:
    watch = UnpricedWatch()
    authenticator.tell(lambda: watch.look(tariff.without_price, authenticator.quotas_in_usd))


async def _linked(part: Part, stack: AsyncExitStack) -> Link:
    """To the learner, with all that it knows."""
    link = Link(part)
    stack.push_async_callback(link.aclose)
    await link.start(_LEARNER_S)
    return link


def _clock(part: Part | None) -> WallClock:
    """That of all processes of the gateway."""
    return WallClock(0.0 if part is None else time.monotonic() - part.started)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
