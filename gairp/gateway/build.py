"""From settings to the parts of a gateway; wiring, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gairp.clock import WallClock
from gairp.errors import ConfigError
from gairp.features import FeatureBuilder, HashedNgrams
from gairp.gateway.access_log import AccessLog
from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.database.away import needed_for
from gairp.gateway.exchange.affinity import Affinities
from gairp.gateway.exchange.calls import Stage
from gairp.gateway.exchange.exchange import Engine
from gairp.gateway.exchange.gate import GatewayGate
from gairp.gateway.exchange.health import Health
from gairp.gateway.exchange.hedges import Hedges
from gairp.gateway.exchange.splice import Splicer
from gairp.gateway.exchange.target import DIRECT, Catalogue
from gairp.gateway.exchange.tariff import Tariff
from gairp.gateway.exchange.upstream import Upstream
from gairp.gateway.feeds.feeder import Feeder
from gairp.gateway.feeds.lock import sole_follower
from gairp.gateway.feeds.plan import FeedPlan
from gairp.gateway.feeds.process import FeedProcess
from gairp.gateway.feeds.threads import FeedThreads
from gairp.gateway.learners.follow import AliasFollower, followed_uris
from gairp.gateway.learners.house import FIRST, House, Serve
from gairp.gateway.learners.ink import Ink
from gairp.gateway.learners.recents import Recents
from gairp.gateway.learners.recipe import PolicyRecipe
from gairp.gateway.learners.served import Served, serve
from gairp.gateway.ledger.left_behind import WORKERS
from gairp.gateway.limits.memory import MemoryLimits
from gairp.gateway.limits.protocol import Limits, OpenPurse, Purse
from gairp.gateway.limits.purse import MemoryPurse
from gairp.gateway.settings import GatewaySettings, checked_names
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.static import StaticKeys
from gairp.gateway.watcher import Watcher
from gairp.gateway.workers.link import Link
from gairp.gateway.workers.part import folder_of
from gairp.gateway.workers.replica import Replica
from gairp.policies.base import BasePolicy
from gairp.pricing import load_catalogue
from gairp.records.journal import Durability
from gairp.rewards import Utility
from gairp.routing.breaker import Breakers
from gairp.routing.cooldown import Cooldowns
from gairp.routing.load_board import LoadBoard
from gairp.routing.outliers import Outliers
from gairp.routing.retry import RetryRule
from gairp.routing.slots import Slots
from gairp.types import Arm

if TYPE_CHECKING:
    from sqlalchemy import Engine as Store

    from gairp.gateway.content.keeper import ContentKeeper
    from gairp.gateway.ledger.holds import Holder, HoldKeeper


def build_engine(
    settings: GatewaySettings,
    upstreams: Mapping[str, Upstream],
    *,
    purse: Purse | None = None,
    follower: AliasFollower | None = None,
    link: Link | None = None,
    clock: WallClock | None = None,
) -> Engine:
    """Everything that requests share, learners restored; raises GairpError for what is wrong.

    With a `link` the learners are copies of those of another process.
    """
    arms = settings.arm_table()
    clock = clock or WallClock()
    splicers = {
        name: Splicer(
            arm,
            max_tokens_field=upstreams[arm.backend].max_tokens_field,
            default_max_tokens=settings.default_max_tokens,
        )
        for name, arm in arms.items()
    }
    budgeted = any("usd" in (key.get("quota") or {}) for key in settings.keys) or any(
        "usd" in str(tenant) for tenant in settings.tenants.values()
    )
    priced = Utility(**settings.utility).needs_cost or budgeted
    tariff = Tariff(
        arms=arms, splicers=splicers, catalogue=load_catalogue(**settings.prices), needed=priced
    )
    gate = GatewayGate(
        arms=arms,
        tariff=tariff,
        breakers=Breakers(**settings.breaker),
        clock=clock,
        health=Health(Cooldowns(**settings.cooldown), Outliers(list(arms), **settings.outliers)),
    )
    stage = Stage(
        arms=arms,
        splicers=splicers,
        upstreams=dict(upstreams),
        slots=Slots(settings.slots.get("models") or {}, settings.slots.get("default")),
        board=LoadBoard({name: arm.backend for name, arm in arms.items()}),
    )
    house = _house(settings, arms, gate, tariff, clock, follower, link)
    return Engine(
        house=house,
        stage=stage,
        tariff=tariff,
        gate=gate,
        purse=purse or OpenPurse(),
        recents=Recents(settings.explained),
        affinities=Affinities(),
        clock=clock,
        deadline_s=settings.deadline_s,
        hedges=Hedges(**settings.hedge),
    )


def build_catalogue(settings: GatewaySettings) -> Catalogue:
    """The names that clients may give."""
    return Catalogue(
        arms=settings.arm_table(), policies=list(settings.policies), aliases=settings.aliases
    )


def build_upstreams(settings: GatewaySettings) -> dict[str, Upstream]:
    """The servers that have an address; those that are started first are not among them."""
    return {
        name: Upstream(name=name, **config)
        for name, config in settings.backends.items()
        if "_target_" not in config
    }


def build_store(settings: GatewaySettings, stack: AsyncExitStack) -> Store | None:
    """The database, where one is set; put away last."""
    if settings.ledger is None:
        return None
    from gairp.gateway.database.store import open_store

    store = open_store(settings.ledger_url())
    stack.callback(store.dispose)
    return store


def build_authenticator(settings: GatewaySettings, store: Store | None) -> Authenticator | None:
    """From the Authorization header to who asks; None: everybody may ask."""
    if not (settings.keys or settings.jwt or settings.accounts):
        return None
    if settings.accounts and store is None:
        raise ConfigError("accounts are in the ledger's database, and ledger is null; set it")
    return Authenticator(
        static=StaticKeys(settings.keys, settings.tenants),
        issuers=[Issuer.of(fields) for fields in settings.jwt],
        store=store if settings.accounts else None,
    )


def build_limits(settings: GatewaySettings, stack: AsyncExitStack) -> tuple[Limits, Purse]:
    """Of this process, or of all that share a Redis server."""
    url = settings.limits.get("redis")
    if url is None:
        return MemoryLimits(), MemoryPurse()
    from gairp.gateway.limits.redis import RedisLimits, RedisPurse, connect

    redis = connect(url)
    stack.push_async_callback(redis.aclose)
    return RedisLimits(redis), RedisPurse(redis)


def feed_plan(settings: GatewaySettings) -> FeedPlan:
    """What follows the journal, and where it goes."""
    return FeedPlan(
        home=settings.home,
        ledger=None if settings.ledger is None else settings.ledger_url(),
        audit=settings.audit,
        arms=settings.arm_table(),
        prices=settings.prices,
        log=settings.log,
    )


def build_feeds(
    settings: GatewaySettings, purse: Purse, store: Store | None, *, again: bool = False
) -> FeedProcess | FeedThreads | None:
    """What follows the journal: the ledger and the audit log, where they are wanted.

    Where budgets are in the memory of this process they are brought up to date first, and what the
    ledger then says was spent goes into the budgets. Otherwise nothing waits for them: the process
    of one that was killed may still have them, and much to do. `again`: in traffic, so that a
    database that is away is waited for by the feeds alone.
    """
    plan = feed_plan(settings)
    if settings.feeds == "process" and not isinstance(purse, MemoryPurse):
        if plan.ledger is None and not plan.audit:
            return None
        if not again:
            _opened_once(plan, store)
        return FeedProcess(plan)
    with needed_for("ledger and budgets"), sole_follower(plan.folder), ExitStack() as undone:
        feeders = [Feeder(feed, plan.journal) for feed in plan.feeds(store)]
        for feeder in feeders:
            undone.callback(feeder.close)
        for feeder in feeders:
            feeder.catch_up()
        if store is not None and isinstance(purse, MemoryPurse):
            from gairp.gateway.ledger.usage import spent

            purse.restore(spent(store, time.time()))
        if not feeders:
            return None
        if settings.feeds == "thread":
            undone.pop_all()
            return FeedThreads(feeders)
    return FeedProcess(plan)


def _opened_once(plan: FeedPlan, store: Store | None) -> None:
    """Raises for a broken audit log or a database that is away, unless another has them now."""
    with sole_follower(plan.folder, wanted=lambda: False) as ours:
        for feed in plan.feeds(store) if ours else []:
            feed.close()


def build_watcher(
    settings: GatewaySettings, engine: Engine, stack: AsyncExitStack
) -> Watcher | None:
    """Who watches requests; None where nobody does, which costs them nothing."""
    tracer = None
    if settings.otel is not None:
        from gairp.gateway.tracing.server import servers_of
        from gairp.gateway.tracing.tracer import RequestTracer
        from gairp.telemetry.otel.pipeline import open_pipeline

        pipeline = open_pipeline(settings.otel)
        stack.push_async_callback(asyncio.to_thread, pipeline.close)
        servers = servers_of(engine.stage.arms, engine.stage.upstreams)
        tracer = RequestTracer(pipeline, servers, sample=settings.otel.sample)
    observers = [AccessLog()] if settings.log.access else []
    return Watcher(observers, tracer=tracer) if observers or tracer is not None else None


def build_content(
    settings: GatewaySettings, store: Store | None, stack: AsyncExitStack
) -> ContentKeeper | None:
    """Who keeps prompts and answers; None, the default, keeps none."""
    if settings.content is None:
        return None
    if store is None:
        raise ConfigError("content is kept in the ledger's database, and ledger is null; set it")
    from gairp.gateway.content.keeper import ContentKeeper
    from gairp.gateway.content.vault import Vault

    masters = MasterKeys.read(settings.content.keys_env, settings.content.keys_file)
    keeper = ContentKeeper(Vault(store, masters, keep_s=settings.content.seconds), settings.content)
    stack.push_async_callback(asyncio.to_thread, keeper.close)
    keeper.start()
    return keeper


def build_holds(store: Store | None, purse: Purse) -> HoldKeeper | None:
    """Who frees what budgets hold for calls that have ended in the ledger."""
    if store is None or isinstance(purse, OpenPurse):
        return None
    from gairp.gateway.ledger.holds import HoldKeeper

    return HoldKeeper(store, cast("Holder", purse))


def recipes(settings: GatewaySettings) -> dict[tuple[str, str], PolicyRecipe]:
    """What is in charge at the start, by name and version."""
    checked_names(list(settings.policies))
    direct = PolicyRecipe(
        policy=DIRECT,
        config={"_target_": "gairp.policies.random.Random"},
        seed=settings.seed,
        utility=settings.utility,
    )
    wanted = {(DIRECT, FIRST): direct}
    for name, config in settings.policies.items():
        if "uri" in config:
            continue  # of the registry
        wanted[name, FIRST] = PolicyRecipe(
            policy=name,
            config=config,
            seed=settings.seed,
            utility=settings.utility,
            floor=settings.floor,
        )
    return wanted


def build_features(config: Mapping[str, Any]) -> FeatureBuilder:
    """The builder; one that learns from texts must come fitted, with a registered policy."""
    if not config:
        return HashedNgrams()
    from hydra.utils import instantiate

    return cast(FeatureBuilder, instantiate(dict(config), _convert_="all"))


def _house(
    settings: GatewaySettings,
    arms: Mapping[str, Arm],
    gate: GatewayGate,
    tariff: Tariff,
    clock: WallClock,
    follower: AliasFollower | None,
    link: Link | None,
) -> House:
    home = settings.folder() if link is None else folder_of(settings.folder(), link.part.name)
    ink = Ink(
        Path(home) / "journal",
        durability=cast(Durability, settings.durability),
        remembered=settings.remembered,
        later=asyncio.get_running_loop().call_soon,
    )

    def made(
        recipe: PolicyRecipe, version: str, policy: BasePolicy, builder: FeatureBuilder
    ) -> Served:
        return serve(
            recipe,
            version=version,
            policy=policy,
            builder=builder,
            arms=arms,
            clock=clock,
            sink=ink,
            gate=gate,
            retry=RetryRule(**settings.retry),
            bill=tariff.bill,
            reserved=gate.reserved,
            fallbacks=settings.fallbacks,
            capacity=settings.remembered,
            copy=link is not None,
        )

    if link is not None:
        return _replica(link, home, ink, made, clock)
    facts = {} if settings.workers == 1 else {WORKERS: str(settings.workers)}
    house = House(home=home, ink=ink, serve=made, clock_now=clock.now, facts=facts)
    builder = build_features(settings.features)
    wanted = {key: (recipe, builder) for key, recipe in recipes(settings).items()}
    states: dict[str, bytes] = {}
    uris = {} if follower is None else followed_uris(settings.policies)
    for name in uris:
        assert follower is not None
        found = follower.current(name)
        wanted[name, found.version] = found.recipe, found.builder
        if found.state is not None:
            states[name] = found.state
    house.open(wanted, states=states)
    return house


def _replica(link: Link, home: Path, ink: Ink, made: Serve, clock: WallClock) -> Replica:
    replica = Replica(part=link.part, home=home, ink=ink, serve=made, clock_now=clock.now)
    for state in link.states:
        replica.take(state)
    link.on_state = replica.take
    return replica


def build_follower(settings: GatewaySettings) -> AliasFollower | None:
    """Of the policies that are given by `uri: models:/MODEL@ALIAS`; None where there are none."""
    uris = followed_uris(settings.policies)
    if not uris:
        return None
    from gairp.tracking.client import default_uri
    from gairp.tracking.registry import PolicyRegistry

    registry = PolicyRegistry(settings.registry or default_uri())
    return AliasFollower(
        registry,
        uris,
        build_features(settings.features),
        arms=list(settings.arm_table()),
        subset=[name for name in uris if settings.policies[name].get("subset")],
    )
