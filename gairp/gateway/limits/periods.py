"""The periods of budgets, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from gairp.gateway.principal import Period


def period_key(period: Period, now: float) -> str:
    """What names the period that holds a moment of Unix time: 2026-11, 2026-11-27, or total."""
    if period == "total":
        return "total"
    return _key(period, int(now // 3600))


@lru_cache(maxsize=64)
def _key(period: Period, hour: int) -> str:
    moment = datetime.fromtimestamp(hour * 3600, UTC)
    return moment.strftime("%Y-%m" if period == "month" else "%Y-%m-%d")
