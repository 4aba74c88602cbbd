"""The periods of budgets, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from gairp.gateway.principal import Period

HOUR_S = 3600  #: periods begin with an hour


def period_key(period: Period, now: float) -> str:
    """What names the period that holds a moment of Unix time: 2026-11, 2026-11-27, or total."""
    if period == "total":
        return "total"
    return _key(period, int(now // HOUR_S))


@lru_cache(maxsize=64)
def _key(period: Period, hour: int) -> str:
    moment = datetime.fromtimestamp(hour * HOUR_S, UTC)
    return moment.strftime("%Y-%m" if period == "month" else "%Y-%m-%d")
