"""Budgets in dollars beside arms without a price: whoever has one is refused the other."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")


class UnpricedWatch:
    """Says so in the log, when quotas are set in a database that the settings do not know."""

    def __init__(self) -> None:
        self._told: tuple[tuple[str, ...], tuple[str, ...]] = (), ()

    def look(self, arms: Sequence[str], quotas: Sequence[str]) -> None:
        """`arms` have no price, `quotas` are in dollars; the same is told once."""
        seen = tuple(arms), tuple(quotas)
        if not (arms and quotas) or seen == self._told:
            return
        self._told = seen
        shown = ", ".join(arms[:10]), ", ".join(quotas[:10])
        note(
            _LOG,
            logging.WARNING,
            "budget.unpriced",
            f"no price is known of the arms {shown[0]}: they are refused to whoever has a budget "
            f"in USD ({shown[1]}); put their prices into a file of prices.user_files",
            arms=shown[0],
            quotas=shown[1],
        )
