"""Everything that a live run's learners share: backends, prices, limits, the ceiling."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from gairp.errors import ConfigError
from gairp.pricing import load_catalogue
from gairp.protocols import Backend, Clock
from gairp.routing.admission import Admission
from gairp.routing.breaker import Breakers
from gairp.routing.costing import Costing
from gairp.routing.driver import Caller
from gairp.routing.load_board import LoadBoard
from gairp.routing.retry import RetryRule
from gairp.routing.slots import Slots
from gairp.routing.spend import SpendCeiling
from gairp.runners.live.settings import LiveSettings
from gairp.types import Arm

_PROBE_S = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Built before anything is sent; `start` starts the servers, `aclose` ends them."""

    arms: Mapping[str, Arm]
    backends: Mapping[str, Backend]
    uncached: Mapping[str, Backend]  #: the same without the response cache before them
    costing: Costing
    ceiling: SpendCeiling
    breakers: Breakers
    slots: Slots
    board: LoadBoard
    retry: RetryRule
    admission: Admission
    caller: Caller
    price_facts: Mapping[str, str]

    async def start(self) -> None:
        """Start the backends that are servers of ours, one after the other."""
        for chatty in ("httpx", "httpx2", "httpcore", "openai"):  # a line a request is too many
            logging.getLogger(chatty).setLevel(logging.WARNING)
        for name, backend in self.uncached.items():
            start = getattr(backend, "start", None)
            if start is not None:
                print(f"starting {name} …", file=sys.stderr, flush=True)
                await start()

    async def probe(self) -> None:
        """Read the servers' own load every second, until cancelled."""
        probes = {n: b for n, b in self.uncached.items() if hasattr(b, "load")}
        while probes:
            for name, backend in probes.items():
                with suppress(Exception):  # a server that is busy or gone says nothing
                    load = await backend.load()
                    if load is not None:
                        self.board.reported(name, load)
            await asyncio.sleep(_PROBE_S)

    async def aclose(self) -> None:
        """End every backend, whatever the others do."""
        results = await asyncio.gather(
            *(backend.aclose() for backend in self.backends.values()), return_exceptions=True
        )
        for name, result in zip(self.backends, results, strict=True):
            if isinstance(result, Exception):
                print(f"backend {name!r} did not end cleanly: {result}", file=sys.stderr)


def build_stage(live: LiveSettings, *, clock: Clock, priced: bool, horizon: int) -> Stage:
    """Everything from the settings. `priced`: cost enters the utility or a ceiling is set.

    Raises PriceError for an arm without a price where that matters, ConfigError for the rest.
    """
    arms = live.arm_table()
    uncached = {name: _backend(name, config) for name, config in live.backends.items()}
    backends = {name: _cached(name, backend, live) for name, backend in uncached.items()}
    ceiling = SpendCeiling(**live.ceiling)
    costing, price_facts = _costing(live.prices, arms, needed=priced or ceiling.usd is not None)
    breakers, board = Breakers(**live.breaker), LoadBoard({n: a.backend for n, a in arms.items()})
    limits = dict(live.limits)
    slots = Slots(limits.get("models") or {}, limits.get("default"))
    admission = Admission(
        arms=arms, costing=costing, ceiling=ceiling, breakers=breakers, board=board, clock=clock,
        horizon=horizon,
    )  # fmt: skip
    return Stage(
        arms=arms,
        backends=backends,
        uncached=uncached,
        costing=costing,
        ceiling=ceiling,
        breakers=breakers,
        slots=slots,
        board=board,
        retry=RetryRule(**live.retry),
        admission=admission,
        caller=Caller(arms=arms, backends=backends, slots=slots, board=board),
        price_facts=price_facts,
    )


def _costing(
    settings: Mapping[str, Any], arms: Mapping[str, Arm], *, needed: bool
) -> tuple[Costing, dict[str, str]]:
    """Prices of the arms, and what is logged of them. `needed`: a cost must be known beforehand."""
    prices = dict(settings)
    as_of, per_hour = _day(prices.pop("as_of", None)), prices.pop("usd_per_core_hour", None)
    if per_hour is not None and needed:
        raise ConfigError(
            "live.prices.usd_per_core_hour is set: nobody knows before a call how long it will "
            "take, so no ceiling in USD can hold and no policy can weigh it; set "
            "live.ceiling.usd=null (live.ceiling.tokens limits a recording), or price tokens"
        )
    catalogue = load_catalogue(**prices, as_of=as_of)
    costing = Costing(
        arms=arms,
        catalogue=catalogue,
        as_of=as_of,
        compose=_compose,
        needed=needed,
        usd_per_core_hour=per_hour,
    )
    listed = [arm.price_key or arm.model for name, arm in arms.items() if name in costing.prices]
    facts = catalogue.sheet(listed).summary() if listed else {}
    hourly = {} if per_hour is None else {"usd_per_core_hour": f"{per_hour:g}"}
    return costing, {**facts, **hourly}


def _backend(name: str, config: Mapping[str, Any]) -> Backend:
    from hydra.utils import instantiate

    if "_target_" not in config:
        raise ConfigError(
            f"live.backends.{name} has no _target_; choose one of conf/backend, such as "
            f"+backend@live.backends.{name}=openai"
        )
    backend: Backend = instantiate(dict(config), _convert_="all")
    return backend


def _cached(name: str, backend: Backend, live: LiveSettings) -> Backend:
    """The backend behind the response cache, where there is one."""
    if live.cache is None:
        return backend
    from gairp.backends.cached import CachedBackend

    config, compose = live.backends[name], getattr(backend, "compose", _compose)

    def key(request: Any, arm: Arm) -> bytes:
        return json.dumps([name, config, compose(request, arm)], sort_keys=True).encode()

    return CachedBackend(backend=backend, path=Path(live.cache), key=key)


def _compose(request: Any, arm: Arm) -> Mapping[str, Any]:
    from gairp.backends.openai.compose import compose

    return compose(request, arm)


def _day(as_of: Any) -> date:
    """The day whose prices hold: the one given, or today."""
    if as_of is None:
        return datetime.now(UTC).date()
    return as_of if isinstance(as_of, date) else date.fromisoformat(str(as_of))
