"""What budgets hold is freed by what the ledger says."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Engine

from gairp.gateway.ledger.feed import LedgerFeed
from gairp.gateway.ledger.holds import HoldKeeper
from gairp.gateway.ledger.reconcile import reconcile
from gairp.gateway.limits.periods import period_key
from gairp.gateway.limits.purse import MemoryPurse
from gairp.gateway.principal import Principal, Quota
from gairp.gateway.tenants.desk import Desk
from tests.gateway.ledger.test_feed import NOON, called, decided, numbered, opened, settled

ME = Principal(tenant="acme", quotas=(("key:web", Quota(usd=1.0)),))


def test_calls_that_have_ended_are_freed_and_others_stay(store: Engine) -> None:
    """Billed, free, unknown, under way; the purse heard of none of the ends."""
    events: list[Any] = [opened()]
    for i in range(4):
        events += [decided(i), called(i)]
    events += [settled(0, usd=0.25), settled(1, usd=0.0, billing="free")]
    events += [settled(2, billing="unknown")]
    LedgerFeed(store).take(numbered(events))

    async def work() -> list[tuple[int, float, float]]:
        purse = MemoryPurse(now=lambda: NOON)
        for i in range(4):
            await purse.hold(ME, f"r{i}/0.0", 0.2)
        keeper, seen = HoldKeeper(store, purse), []

        async def look() -> None:
            freed = await keeper.look()
            spent = purse.spent_usd("key:web", period_key("month", NOON))
            seen.append((freed, spent, round(purse.left_usd(ME), 9)))

        await look()  # held for the first time: may be settled any moment
        await look()
        reconcile(Desk(store, actor="me"), "r2/0.0", 0.125)
        await look()
        await look()
        return seen

    assert asyncio.run(work()) == [
        (0, 0.0, 0.2), (2, 0.25, 0.35), (1, 0.375, 0.425), (0, 0.375, 0.425),
    ]  # fmt: skip
