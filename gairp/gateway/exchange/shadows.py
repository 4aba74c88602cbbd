"""Copies of requests for challengers: after the answer, within a budget, and never learned from."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from gairp.gateway.exchange.calls import Calls
from gairp.gateway.exchange.client import Client, Headers
from gairp.gateway.exchange.exchange import Engine, Exchange
from gairp.gateway.exchange.request import Flight, GatewayRequest
from gairp.gateway.exchange.target import Shadow
from gairp.gateway.limits.purse import MemoryPurse
from gairp.gateway.principal import Principal, Quota
from gairp.gateway.rules.units import share_of
from gairp.rng import DecisionRng
from gairp.routing.driver import drive
from gairp.routing.steps import Call
from gairp.telemetry.event import note
from gairp.types import Response

_LOG = logging.getLogger("gairp.gateway")
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Shadows:
    """At most `at_once` at a time; further ones are dropped and counted."""

    def __init__(
        self, engine: Engine, *, share: float = 1.0, at_once: int = 64, deadline_s: float = 60.0
    ) -> None:
        """`share` of each shadow's budget is this process's."""
        self._share = share
        self._engine, self.at_once, self._deadline_s = engine, at_once, deadline_s
        self._purse = MemoryPurse()
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked = 0
        self.dropped = 0  #: for want of a place or of money

    def begin(self, request: GatewayRequest, raw: bytes, shadows: tuple[Shadow, ...]) -> None:
        """Start those that this request is drawn for; returns at once."""
        for number, shadow in enumerate(shadows):
            if share_of(f"shadow|{shadow.rule}|{request.id}") >= shadow.share:
                continue
            if len(self._tasks) >= self.at_once:
                self.dropped += 1
                continue
            task = asyncio.create_task(self._run(request, raw, shadow, number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Wait for those under way."""
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, request: GatewayRequest, raw: bytes, shadow: Shadow, number: int) -> None:
        try:
            await self._ask(request, raw, shadow, number)
        except Exception as error:  # a shadow must never matter
            note(_LOG, logging.ERROR, "shadow.failed", f"shadow of request {request.id} failed",
                 error=error, request=request.id)  # fmt: skip

    async def _ask(self, request: GatewayRequest, raw: bytes, shadow: Shadow, number: int) -> None:
        engine = self._engine
        loop = asyncio.get_running_loop()
        copy = msgspec.structs.replace(
            request,
            peek=msgspec.structs.replace(request.peek, stream=False),
            flight=Flight(loop=loop, due=loop.time() + self._deadline_s),
        )
        served = engine.house.find(shadow.target.learner)
        exchange = Exchange(engine, copy, raw, Client(_nowhere), _never)
        context = exchange.context(served, shadow.target, copy)
        context = engine.gate.narrow(copy, context, frozenset())
        if not context.candidates:
            self.dropped += 1
            return
        chosen = served.policy.decide(context, DecisionRng(served.recipe.seed, request.id, 0))
        calls = Calls(engine.stage, copy, _whole(raw), Client(_nowhere), _no_head)
        usd_per_day = shadow.usd_per_day * self._share
        who = Principal(
            tenant="",
            quotas=((f"shadow:{shadow.rule}", Quota(usd=usd_per_day, usd_period="day")),),
        )

        async def ask(call: Call) -> Response:
            engine.house.ink.flush()
            watched = request.watched
            made = calls.make(call)
            return await (made if watched is None else watched.around(call, made))

        usd = float(copy.flight.max_usd[engine.tariff.index[chosen.arm]])
        name = f"{request.id}/shadow{number}"
        if not await self._purse.hold(who, name, usd):
            self.dropped += 1
            return
        self.asked += 1
        attempt = await drive(served.router.shadow(copy, context, chosen.arm, number), ask)
        engine.house.ink.flush()
        cost = 0.0 if attempt is None else attempt.cost_usd
        await self._purse.settle(who, name, usd if cost != cost else cost)


def _whole(raw: bytes) -> bytes:
    """The body of a request for a whole answer."""
    fields = _FIELDS.decode(raw)
    for name in ("stream", "stream_options"):
        fields.pop(name, None)
    return msgspec.json.encode(fields)


def _no_head(call: Call, headers: Headers) -> Headers:
    return headers


async def _nowhere(message: Any) -> None:
    return None


async def _never() -> Any:
    await asyncio.Event().wait()
