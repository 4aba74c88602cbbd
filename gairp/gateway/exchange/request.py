"""A request as the gateway carries it through the router."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from gairp.gateway.exchange.peek import Peek
from gairp.gateway.principal import Principal
from gairp.types import Request

if TYPE_CHECKING:
    from gairp.gateway.exchange.watched import Watched

NOBODY = Principal(tenant="")
NOTHING = Peek(
    model="", stream=False, text="", max_tokens=None, choices=1, needs=frozenset(),
    include_usage=False,
)  # fmt: skip


class Flight(msgspec.Struct, kw_only=True, gc=False):
    """What changes while a request is under way."""

    loop: asyncio.AbstractEventLoop  #: asked for once: that takes longer than reading its clock
    due: float = math.inf  #: the loop's time by which the answer must be there
    committed: bool = False  #: bytes have gone to the client: nobody else can answer any more
    expired: bool = False  #: no time is left for another call
    gone: bool = False  #: the client has left
    max_usd: Sequence[float] = ()  #: [arms] of the tariff
    max_tokens: Sequence[float] = ()
    #: calls that have ended, and what they cost; None where nobody can say
    settled: list[tuple[str, float | None]] = msgspec.field(default_factory=list)


class GatewayRequest(Request, frozen=True, kw_only=True, gc=False):
    """With who asks, what was read of the body, and how far it is."""

    peek: Peek = NOTHING
    principal: Principal = NOBODY
    flight: Flight
    watched: Watched | None = None  #: by logs and traces, where these are on
