"""What the hot path asks of limits and budgets, and what answers where none are set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import msgspec

from gairp.gateway.principal import Principal

Headers = Sequence[tuple[bytes, bytes]]


class Ticket(msgspec.Struct, kw_only=True, gc=False):
    """A request that was let in; `headers` say what is left (x-ratelimit-…)."""

    principal: Principal
    model: str
    tokens: int  #: held
    headers: Headers = ()
    counted: object = None  #: what the limits want to have again
    at: float = 0.0


class Limits(Protocol):
    """Requests and tokens a minute, and requests at once."""

    async def admit(self, principal: Principal, model: str, tokens: int) -> Ticket:
        """Hold a place and this many tokens; ApiError 429, with Retry-After, for too much."""

    async def done(self, ticket: Ticket, tokens: int) -> None:
        """The request is over and took so many tokens."""


class Purse(Protocol):
    """Dollars: reserved before each call, settled after it."""

    def left_usd(self, principal: Principal) -> float:
        """What may still be reserved, as last known; infinite without a budget."""

    async def hold(self, principal: Principal, call_id: str, usd: float) -> bool:
        """Reserve what a call may cost at most; False where that is too much."""

    async def settle(self, principal: Principal, call_id: str, usd: float) -> None:
        """It cost so much; the rest is given back."""

    async def keep(self, principal: Principal, call_id: str) -> None:
        """Nobody can say what it cost: all of it stays reserved until it is reconciled."""


class NoLimits:
    """Everybody is let in."""

    async def admit(self, principal: Principal, model: str, tokens: int) -> Ticket:
        """Holds nothing."""
        return Ticket(principal=principal, model=model, tokens=tokens)

    async def done(self, ticket: Ticket, tokens: int) -> None:
        """Nothing was held."""


class OpenPurse:
    """No budget."""

    def left_usd(self, principal: Principal) -> float:
        """Without end."""
        return math.inf

    async def hold(self, principal: Principal, call_id: str, usd: float) -> bool:
        """Always."""
        return True

    async def settle(self, principal: Principal, call_id: str, usd: float) -> None:
        """Nothing was held."""

    async def keep(self, principal: Principal, call_id: str) -> None:
        """Nothing was held."""
