"""Which feeds a gateway has; plain values, which go to another process as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gairp.gateway.audit.feed import AuditFeed
from gairp.gateway.feeds.feeder import Feed
from gairp.pricing import load_catalogue
from gairp.telemetry.logs import LogSettings
from gairp.types import Arm

if TYPE_CHECKING:
    from sqlalchemy import Engine as Store


class FeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What follows the journal of one gateway, and where it goes."""

    home: str
    ledger: str | None  #: the database's URL
    audit: bool
    arms: dict[str, Arm] = {}
    prices: dict[str, Any] = {}  #: of `load_catalogue`
    log: LogSettings = LogSettings()

    @property
    def folder(self) -> Path:
        """What is kept of the gateway."""
        return Path(self.home)

    @property
    def journal(self) -> Path:
        """The journal that is followed."""
        return self.folder / "journal"

    def feeds(self, store: Store | None = None) -> list[Feed]:
        """Open what is wanted, each where it stands; `store` where the database is open already.

        Raises DataError where the database is away, IntegrityError for a broken audit log.
        """
        found: list[Feed] = []
        if self.ledger is not None:
            from gairp.gateway.database.away import needed_for
            from gairp.gateway.database.store import open_store
            from gairp.gateway.ledger.feed import LedgerFeed
            from gairp.gateway.ledger.price_dates import PriceDates

            store = store if store is not None else open_store(self.ledger)
            dates = PriceDates(self.arms, load_catalogue(**self.prices))
            journal = str(self.folder.resolve())[-255:]
            with needed_for("the ledger's rows"):
                found.append(LedgerFeed(store, journal, price_date=dates.of))
        if self.audit:
            found.append(AuditFeed(self.folder / "audit.jsonl"))
        return found
