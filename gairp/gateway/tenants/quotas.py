"""Quotas of tenants, projects and keys, and which of them hold for whom."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from sqlalchemy import Connection, Engine, delete, insert, select

from gairp.errors import ConfigError, DataError
from gairp.gateway.principal import Period, Quota
from gairp.gateway.tenants.accounts import require_project, require_tenant
from gairp.gateway.tenants.desk import Desk
from gairp.gateway.tenants.tables import KEYS, QUOTAS

MICRO = 10**6
_NAME = re.compile(
    r"(?P<kind>key|tenant|project):(?P<owner>[^/\s]+)(?:/(?!model:)(?P<project>[^/\s]+))?"
    r"(?:/model:(?P<pattern>[^\s]+))?",
    re.ASCII,
)


def set_quota(desk: Desk, name: str, quota: Quota) -> None:
    """In place of what was set before; ConfigError for a name or a limit that cannot be."""
    match = _checked(name)
    row = {"name": name, **_row(quota)}
    with desk.change("set quota", name, **{k: v for k, v in row.items() if k != "name"}) as it:
        _require_owner(it, match)
        it.execute(delete(QUOTAS).where(QUOTAS.c.name == name))
        it.execute(insert(QUOTAS).values(row))


def clear_quota(desk: Desk, name: str) -> None:
    """DataError where none is set."""
    with desk.change("clear quota", name) as connection:
        if not connection.execute(delete(QUOTAS).where(QUOTAS.c.name == name)).rowcount:
            raise DataError(f"no quota {name[:200]!r} is set")


def quotas(engine: Engine) -> dict[str, Quota]:
    """All, by name."""
    with engine.connect() as connection:
        return read_quotas(connection)


def read_quotas(connection: Connection) -> dict[str, Quota]:
    """All, by name."""
    rows = connection.execute(select(QUOTAS).order_by(QUOTAS.c.name))
    return {row.name: _quota(row) for row in rows}


class Holders:
    """Finds the quotas that hold for a key."""

    def __init__(self, found: Mapping[str, Quota]) -> None:
        self._of: dict[str, list[tuple[str, Quota]]] = {}
        #: Names of those in dollars.
        self.in_usd = tuple(name for name, quota in found.items() if quota.usd is not None)
        for name, quota in found.items():
            if quota != Quota():
                self._of.setdefault(name.partition("/model:")[0], []).append((name, quota))

    def of(self, tenant: str, project: str, key_id: str) -> tuple[tuple[str, Quota], ...]:
        """The key's own first, then its project's, then its tenant's."""
        owners = (f"key:{key_id}", f"project:{tenant}/{project}", f"tenant:{tenant}")
        return tuple(held for owner in owners for held in self._of.get(owner, ()))


def _quota(row: Any) -> Quota:
    usd = None if row.usd_micro is None else row.usd_micro / MICRO
    period = cast(Period, row.usd_period)
    return Quota(
        rpm=row.rpm, tpm=row.tpm, concurrency=row.concurrency, usd=usd, usd_period=period
    )  # fmt: skip


def _row(quota: Quota) -> dict[str, Any]:
    for what in ("rpm", "tpm", "concurrency"):
        value = getattr(quota, what)
        if value is not None and not 0 <= value < 2**31:
            raise ConfigError(f"{what} is {value}; give a whole number from 0 to {2**31 - 1}")
    if quota.usd is not None and not (math.isfinite(quota.usd) and 0 <= quota.usd <= 1e9):
        raise ConfigError(f"usd is {quota.usd}; give an amount from 0 to a billion")
    if quota.usd_period not in get_args(Period):
        raise ConfigError(
            f"the period is {quota.usd_period!r}; there are: {', '.join(get_args(Period))}"
        )
    if quota == Quota(usd_period=quota.usd_period):
        raise ConfigError("the quota limits nothing: give rpm, tpm, concurrency or usd")
    usd = None if quota.usd is None else math.floor(quota.usd * MICRO + 0.5)
    return {
        "rpm": quota.rpm, "tpm": quota.tpm, "concurrency": quota.concurrency,
        "usd_micro": usd, "usd_period": quota.usd_period,
    }  # fmt: skip


def _checked(name: str) -> re.Match[str]:
    match = _NAME.fullmatch(name)
    if match is None or len(name) > 255 or (match["kind"] == "project") != bool(match["project"]):
        raise ConfigError(
            f"{name[:200]!r} names no quota; names are key:ID, tenant:T, project:T/P, each with "
            "/model:PATTERN behind it or not"
        )
    return match


def _require_owner(connection: Connection, match: re.Match[str]) -> None:
    owner = match["owner"]
    if match["kind"] == "tenant":
        require_tenant(connection, owner)
    elif match["kind"] == "project":
        require_project(connection, owner, match["project"])
    elif not connection.execute(select(KEYS.c.id).where(KEYS.c.id == owner)).first() and (
        not owner.startswith("jwt:")
    ):
        raise DataError(f"no key {owner!r} is there; `python -m gairp.admin key list` has all")


def quota_from(fields: Mapping[str, Any]) -> Quota:
    """A quota of parsed fields, None left out."""
    known: Sequence[str] = Quota.__struct_fields__
    return Quota(**{name: fields[name] for name in known if fields.get(name) is not None})
