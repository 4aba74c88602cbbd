"""What was used, by whom: exact sums out of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, case, func, select

from gairp.errors import UnknownNameError
from gairp.gateway.ledger.tables import ATTEMPTS
from gairp.gateway.limits.periods import period_key
from gairp.gateway.limits.purse import PICO
from gairp.gateway.principal import Period

DIMENSIONS = (
    "tenant", "project", "key_id", "model", "model_asked", "arm", "operation", "learner", "kind",
    "day", "state", "price_date",
)  # fmt: skip


_HALF = 10**6


class UsageRow(NamedTuple):
    """Sums of one group; `held_usd` is reserved for attempts whose cost nobody knows."""

    group: tuple[str, ...]
    attempts: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    held_usd: float
    unpriced: int  #: attempts that were billed at a price nobody knows


def usage(
    engine: Engine, by: Sequence[str] = ("tenant",), *, since: str = "", until: str = "9999"
) -> list[UsageRow]:
    """Groups in order, days from `since` until before `until` (YYYY-MM-DD).

    Raises UnknownNameError for a dimension that there is not.
    """
    for name in by:
        if name not in DIMENSIONS:
            raise UnknownNameError("dimension of usage", name, DIMENSIONS)
    columns = [ATTEMPTS.c[name] for name in by]
    open_ = ATTEMPTS.c.state.in_(("intent", "unknown"))
    unpriced = (ATTEMPTS.c.state == "settled") & ATTEMPTS.c.cost_pico.is_(None)
    statement = (
        select(
            *columns,
            func.count(),
            func.coalesce(func.sum(ATTEMPTS.c.input_tokens), 0),
            func.coalesce(func.sum(ATTEMPTS.c.output_tokens), 0),
            *_halves(ATTEMPTS.c.cost_pico),
            *_halves(case((open_, ATTEMPTS.c.reserved_pico), else_=0)),
            func.coalesce(func.sum(case((unpriced, 1), else_=0)), 0),
        )
        .where(ATTEMPTS.c.day >= since, ATTEMPTS.c.day < until)
        .group_by(*columns)
        .order_by(*columns)
    )
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    return [_row(row[: len(by)], [int(cell) for cell in row[len(by) :]]) for row in rows]


def _halves(pico: Any) -> list[Any]:
    """Two sums that together are the sum: SQLite gives up where one does not fit 64 bits."""
    return [func.coalesce(func.sum(half), 0) for half in (pico // _HALF, pico % _HALF)]


def _row(group: Sequence[Any], sums: Sequence[int]) -> UsageRow:
    attempts, given, made, cost, cost_rest, held, held_rest, unpriced = sums
    names = tuple("" if cell is None else str(cell) for cell in group)
    return UsageRow(
        names, attempts, given, made, (cost * _HALF + cost_rest) / PICO,
        (held * _HALF + held_rest) / PICO, unpriced,
    )  # fmt: skip


def spent(engine: Engine, now: float) -> Mapping[tuple[str, str], tuple[float, float]]:
    """(quota's name, period) -> (USD spent, USD held), of the periods that hold `now`.

    What `MemoryPurse.restore` takes.
    """
    found: dict[tuple[str, str], tuple[float, float]] = {}
    periods: dict[Period, str] = {"day": "", "month": "", "total": ""}
    for period in periods:
        key = period_key(period, now)
        since = {"day": key, "month": f"{key}-01", "total": ""}[period]
        for dimension, prefix in (("tenant", "tenant"), ("key_id", "key")):
            for row in usage(engine, (dimension,), since=since):
                found[f"{prefix}:{row.group[0]}", key] = row.cost_usd, row.held_usd
    return found


def unsettled(engine: Engine) -> list[tuple[str, str, str, str, float]]:
    """(call, tenant, arm, state, USD held) of attempts under way and of unknown cost, by time."""
    c = ATTEMPTS.c
    statement = (
        select(c.call_id, c.tenant, c.arm, c.state, c.reserved_pico)
        .where(c.state.in_(("intent", "unknown")))
        .order_by(c.at)
    )
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    return [(r[0], r[1], r[2], r[3], r[4] / PICO) for r in rows]
