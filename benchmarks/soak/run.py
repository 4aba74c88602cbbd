"""Starts everything, sends load, makes things fail, and ends it all in order."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from benchmarks.soak.child import SoakError
from benchmarks.soak.gateway import GatewayProcess
from benchmarks.soak.load import Load
from benchmarks.soak.models import PRICES, Mock
from benchmarks.soak.plan import Event, What, plan
from benchmarks.soak.services import Service, postgres, redis
from benchmarks.soak.waits import Waits

_COME_BACK_S, _PATIENT_S = 60.0, 120.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """`postgres` and `redis`: real servers, else SQLite and the gateway's own memory.

    However long that takes, `least` answers come before each kill, and after the last.
    """

    seconds: float
    connections: int = 32
    kills: int = 3
    pause_s: float = 0.2
    deadline_s: float = 2.0
    seed: int = 0
    postgres: bool = False
    redis: bool = False
    faults: bool = True
    workers: int = 1
    least: int = 0


@dataclass(kw_only=True)
class Soaked:
    """What is left to be looked at; the services still run."""

    gateway: GatewayProcess
    mocks: list[Mock]
    load: Load
    waits: Waits
    in_flight: list[int] = field(default_factory=list)  #: requests at each kill of the gateway
    down_s: list[float] = field(default_factory=list)  #: from each kill until it was ready again


class Soak:
    """One run in a folder of its own; what it started ends with the `with` block."""

    def __init__(
        self, options: Options, folder: Path, *, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self._options, self._folder, self._say = options, folder, say
        self._stack = ExitStack()
        self._services: dict[str, Service] = {}
        self._before = 0  # answers at the last kill

    def __enter__(self) -> Soak:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def run(self) -> Soaked:
        """Raises SoakError where something does not start, or does not come back."""
        options = self._options
        if options.postgres:
            self._services["PostgreSQL"] = self._started(postgres(self._folder))
        if options.redis:
            self._services["Redis"] = self._started(redis(self._folder))
        mocks = [Mock(name, self._folder, faults=options.faults) for name in PRICES]
        urls = {name: service.url for name, service in self._services.items()}
        gateway = GatewayProcess(
            self._folder, mocks, deadline_s=options.deadline_s, ledger=urls.get("PostgreSQL"),
            redis=urls.get("Redis"), workers=options.workers,
        )  # fmt: skip
        for child in (*[mock.child for mock in mocks], gateway.child):
            self._stack.callback(child.kill)
            child.start()
        load = Load(
            gateway.base_url, connections=options.connections, pause_s=options.pause_s,
            seed=options.seed,
        )  # fmt: skip
        waits = Waits(lambda: [os.getpid(), *gateway.serving])
        soaked = Soaked(gateway=gateway, mocks=mocks, load=load, waits=waits)
        asyncio.run(self._live(soaked))
        gateway.child.stop()
        return soaked

    def _started(self, service: Service) -> Service:
        service.start()
        self._stack.callback(service.stop)
        return service

    async def _live(self, soaked: Soaked) -> None:
        options = self._options
        await _ready(soaked.gateway)
        begun = time.monotonic()
        watching = asyncio.create_task(soaked.waits.watch())
        asking = asyncio.create_task(soaked.load.run())
        events = plan(
            kills=options.kills, postgres=options.postgres, redis=options.redis,
            workers=options.workers,
        )  # fmt: skip
        for event in events:
            await asyncio.sleep(max(0.0, begun + event.at * options.seconds - time.monotonic()))
            self._say(f"{event.at * options.seconds:6.1f} s  {event.what}")
            await self._happen(event, soaked)
        await asyncio.sleep(max(0.0, begun + options.seconds - time.monotonic()))
        await self._answers(soaked)
        soaked.load.end()
        await asking
        watching.cancel()

    async def _happen(self, event: Event, soaked: Soaked) -> None:
        mortal = next(mock for mock in soaked.mocks if mock.name == "mortal")
        acts: Mapping[What, Callable[[], None]] = {
            "kill feeds": lambda: self._kill_feeds(soaked.gateway),
            "kill model": mortal.child.kill,
            "start model": mortal.child.start,
            "stop PostgreSQL": lambda: self._services["PostgreSQL"].stop(),
            "start PostgreSQL": lambda: self._services["PostgreSQL"].start(),
            "stop Redis": lambda: self._services["Redis"].stop(),
            "start Redis": lambda: self._services["Redis"].start(),
        }
        if event.what == "kill gateway":
            await self._killed(soaked)
        elif event.what in ("kill worker", "kill learner"):
            soaked.in_flight.append(soaked.load.under_way)
            soaked.gateway.kill("1" if event.what == "kill worker" else "learner")
        else:
            await asyncio.to_thread(acts[event.what])

    def _kill_feeds(self, gateway: GatewayProcess) -> None:
        """It may be on its way still, where the gateway has just begun."""
        due = time.monotonic() + _PATIENT_S
        while not gateway.child.kill_own("gairp.gateway.feeds"):
            if time.monotonic() > due:
                raise SoakError("the gateway has no process that follows its journal")
            time.sleep(0.05)

    async def _killed(self, soaked: Soaked) -> None:
        """Kill it and start it again, as whoever watches over it would."""
        await self._answers(soaked)
        at = time.monotonic()
        soaked.in_flight.append(soaked.load.under_way)
        soaked.gateway.child.kill_all()
        await asyncio.to_thread(soaked.gateway.child.start)
        await _ready(soaked.gateway)
        soaked.down_s.append(time.monotonic() - at)

    async def _answers(self, soaked: Soaked) -> None:
        """Until there are as many more as there must be."""
        due = time.monotonic() + _PATIENT_S
        while soaked.load.answered - self._before < self._options.least:
            if time.monotonic() > due:
                raise SoakError(f"{self._options.least} answers did not come in {_PATIENT_S:.0f} s")
            await asyncio.sleep(0.02)
        self._before = soaked.load.answered


async def _ready(gateway: GatewayProcess) -> None:
    address = gateway.base_url.removesuffix("/v1") + "/ready"
    due = time.monotonic() + _COME_BACK_S
    async with httpx2.AsyncClient() as client:
        while time.monotonic() < due:
            try:
                if (await client.get(address)).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(0.02)
    raise SoakError(
        f"the gateway was not ready within {_COME_BACK_S:.0f} s: {gateway.child.said()}"
    )
