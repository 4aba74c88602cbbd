"""Content in the database: put there, shown, forgotten, deleted when its time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from gairp.errors import DataError
from gairp.gateway.content.data_keys import DAY_S, DataKeys, key_place
from gairp.gateway.content.item import Content, Item
from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.sealed import seal, unseal
from gairp.gateway.content.tables import CONTENTS, DATA_KEYS, FORGOTTEN
from gairp.gateway.database.store import insert_into
from gairp.gateway.tenants.desk import Desk


class Shown(NamedTuple):
    """Content that was found, and whose it is."""

    decision_id: str
    request_id: str
    tenant: str
    at: float
    expires_at: float
    content: Content


class Vault:
    """What a gateway writes with: a transaction a batch, so that a kill leaves it whole or out."""

    def __init__(
        self,
        store: Engine,
        masters: MasterKeys,
        *,
        keep_s: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._keep_s, self._now = store, keep_s, now
        self._keys = DataKeys(masters, keep_s=keep_s)

    def put(self, items: Sequence[Item]) -> int:
        """Write these, each once; how many. What was forgotten meanwhile is left out."""
        tenants: dict[str, list[Item]] = {}
        for item in items:
            tenants.setdefault(item.tenant, []).append(item)
        try:
            with self._store.begin() as connection:
                # In one order everywhere, so that two gateways do not wait for each other.
                return sum(self._put(connection, t, tenants[t]) for t in sorted(tenants))
        except BaseException:
            for tenant in tenants:
                self._keys.forget(tenant)
            raise

    def purge(self) -> int:
        """Delete what is older than it may be."""
        return purge(self._store, self._now(), keep_s=self._keep_s)

    def _put(self, connection: Connection, tenant: str, items: Sequence[Item]) -> int:
        key, forgotten = self._keys.usable(connection, tenant, len(items), self._now())
        rows = [
            {
                "decision_id": item.decision_id, "request_id": item.request_id, "tenant": tenant,
                "at": item.at, "expires_at": item.at + self._keep_s, "key_id": key.id,
                "sealed": seal(key.key, item.content.packed(),
                               _place(tenant, item.decision_id, key.id)),
            }
            for item in items
            if item.at > forgotten
        ]  # fmt: skip
        if rows:
            statement = insert_into(connection, CONTENTS)
            connection.execute(statement.on_conflict_do_nothing(), rows)  # type: ignore[attr-defined]
        return len(rows)


def show_content(desk: Desk, masters: MasterKeys, name: str) -> Shown:
    """Of a decision or a request; that it was looked at is in the audit trail.

    Raises DataError where nothing is kept, IntegrityError where it was altered, ConfigError where
    the master key is not among those given.
    """
    c, k = CONTENTS.c, DATA_KEYS.c
    statement = (
        select(CONTENTS, k.master, k.wrapped)
        .join(DATA_KEYS, k.id == c.key_id)
        .where(or_(c.decision_id == name, c.request_id == name), c.expires_at > desk.now())
        .order_by(c.at.desc())
    )
    with desk.change("show content", name[:255]) as connection:
        row = connection.execute(statement).first()
        if row is None:
            raise DataError(
                f"no content of {name[:200]!r} is kept: it never was, its time is over, or it was "
                "forgotten"
            )
        return _opened(row, masters)


def forget_tenant(desk: Desk, tenant: str) -> int:
    """Delete a tenant's content and its keys, and leave out what waits to be written; how many."""
    with desk.change("forget content", tenant) as connection:
        _overwrite(connection)
        connection.execute(delete(DATA_KEYS).where(DATA_KEYS.c.tenant == tenant))
        gone = connection.execute(delete(CONTENTS).where(CONTENTS.c.tenant == tenant)).rowcount
        connection.execute(delete(FORGOTTEN).where(FORGOTTEN.c.tenant == tenant))
        row = {"tenant": tenant, "at": desk.now()}
        connection.execute(insert_into(connection, FORGOTTEN).values(row))
    _checkpoint(desk.engine)
    return gone


def purge_content(desk: Desk, *, keep_s: float | None = None) -> int:
    """Delete what is over, or older than `keep_s`; how many."""
    with desk.change("purge content", "all", keep_s=keep_s) as connection:
        gone = _purge(connection, desk.now(), keep_s)
    _checkpoint(desk.engine)
    return gone


def purge(store: Engine, now: float, *, keep_s: float | None) -> int:
    """The same, by a gateway, as its settings say."""
    with store.begin() as connection:
        gone = _purge(connection, now, keep_s)
    if gone:
        _checkpoint(store)
    return gone


def rewrap_keys(desk: Desk, masters: MasterKeys) -> int:
    """Seal all tenants' keys with the current master key, so that older ones can go; how many."""
    k = DATA_KEYS.c
    with desk.change("rewrap content keys", masters.current) as connection:
        _overwrite(connection)
        rows = connection.execute(select(DATA_KEYS).where(k.master != masters.current)).all()
        for row in rows:
            place = key_place(row.tenant, row.id)
            master, wrapped = masters.wrap(masters.unwrap(row.master, row.wrapped, place), place)
            statement = update(DATA_KEYS).where(k.id == row.id)
            connection.execute(statement.values(master=master, wrapped=wrapped))
    return len(rows)


def _opened(row: Any, masters: MasterKeys) -> Shown:
    key = masters.unwrap(row.master, row.wrapped, key_place(row.tenant, row.key_id))
    text = unseal(key, row.sealed, _place(row.tenant, row.decision_id, row.key_id))
    return Shown(
        row.decision_id, row.request_id, row.tenant, row.at, row.expires_at, Content.unpacked(text)
    )


def _purge(connection: Connection, now: float, keep_s: float | None) -> int:
    _overwrite(connection)
    c, k = CONTENTS.c, DATA_KEYS.c
    old, spent = c.expires_at <= now, k.expires_at <= now
    if keep_s is not None:
        old = or_(old, c.at <= now - keep_s)
        spent = or_(spent, k.created_at <= now - keep_s - DAY_S)
    gone = connection.execute(delete(CONTENTS).where(old)).rowcount
    connection.execute(delete(DATA_KEYS).where(spent))
    return gone


def _overwrite(connection: Connection) -> None:
    """SQLite leaves what is deleted in its file until the place is needed, unless it is told."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def _checkpoint(store: Engine) -> None:
    """SQLite keeps what was written in its log beside the file until that is brought over."""
    if store.dialect.name != "sqlite":
        return
    try:
        with store.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except SQLAlchemyError:  # a reader is in the way, and the next one does it
        return


def _place(tenant: str, decision_id: str, key_id: str) -> str:
    return f"contents/{tenant}/{decision_id}/{key_id}"
