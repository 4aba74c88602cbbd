"""Frees what budgets still hold for calls of which the ledger knows the end.

A gateway that was killed between a call's settlement and its budget's, a Redis that was away, an
administrator who reconciled: all of it is in the ledger, and gets from there to the budgets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy import Engine, select

from gairp.gateway.ledger.tables import ATTEMPTS
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_AT_ONCE = 500


class Holder(Protocol):
    """A purse whose holds can be listed and closed."""

    async def held_calls(self) -> Mapping[str, Sequence[str]]: ...

    async def close_call(self, call_id: str, keys: Sequence[str], amount: int) -> None: ...


class HoldKeeper:
    """Looks after what is held; a call is only asked about once it was held at the last look."""

    def __init__(self, store: Engine, purse: Holder, *, every_s: float = 5.0) -> None:
        self._store, self._purse, self._every_s = store, purse, every_s
        self._before: frozenset[str] = frozenset()

    async def watch(self) -> None:
        """Until cancelled; where ledger or Redis is away, later."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.look()
            except Exception as error:
                note(_LOG, logging.WARNING, "holds.unseen",
                     f"what budgets hold cannot be looked after now: {error}")  # fmt: skip

    async def look(self) -> int:
        """How many were freed."""
        held = await self._purse.held_calls()
        names = [name for name in held if name in self._before]
        self._before = frozenset(held)
        ended = await asyncio.to_thread(self._ended, names) if names else {}
        for name, amount in ended.items():
            await self._purse.close_call(name, held[name], amount)
        return len(ended)

    def _ended(self, names: Sequence[str]) -> dict[str, int]:
        """Picodollars that those did cost which have ended; 0 where nobody knew a price."""
        c = ATTEMPTS.c
        found: dict[str, int] = {}
        statement = select(c.call_id, c.cost_pico).where(c.state.in_(("settled", "free")))
        with self._store.connect() as connection:
            for at in range(0, len(names), _AT_ONCE):
                some = statement.where(c.call_id.in_(names[at : at + _AT_ONCE]))
                for name, cost in connection.execute(some):
                    found[str(name)] = cost or 0
        return found
