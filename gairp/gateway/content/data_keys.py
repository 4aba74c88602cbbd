"""A key for each tenant and day, made when it is needed.

Where a tenant's keys are deleted its content is unreadable, in copies of the rows too.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.sealed import KEY_BYTES
from gairp.gateway.content.tables import DATA_KEYS, FORGOTTEN
from gairp.gateway.tenants.tables import CHANGES

DAY_S = 86_400.0
_TEXTS = 1 << 28  #: with one key; random nonces meet with odds of 2^-41 by then


class DataKey(NamedTuple):
    """A tenant's key, open."""

    id: str
    key: bytes
    created_at: float


class DataKeys:
    """Those that this process seals with; the database says whether they still hold."""

    def __init__(self, masters: MasterKeys, *, keep_s: float) -> None:
        self._masters, self._keep_s = masters, keep_s
        self._open: dict[str, DataKey] = {}

    def usable(
        self, connection: Connection, tenant: str, texts: int, now: float
    ) -> tuple[DataKey, float]:
        """A key for so many texts, locked until the transaction ends, and until when the tenant's
        content was forgotten.
        """
        known = self._open.get(tenant)
        if known is not None and now < known.created_at + DAY_S:
            c = DATA_KEYS.c
            statement = update(DATA_KEYS).where(c.id == known.id, c.sealed < _TEXTS)
            if connection.execute(statement.values(sealed=c.sealed + texts)).rowcount:
                return known, float("-inf")
        return self._made(connection, tenant, texts, now)

    def forget(self, tenant: str) -> None:
        """Do not use the open one again: what it was made in was undone."""
        self._open.pop(tenant, None)

    def _made(
        self, connection: Connection, tenant: str, texts: int, now: float
    ) -> tuple[DataKey, float]:
        # The lock that forgetting takes first: it is over by now, or begins after this is done.
        connection.execute(update(CHANGES).values(version=CHANGES.c.version))
        at = select(FORGOTTEN.c.at).where(FORGOTTEN.c.tenant == tenant)
        forgotten = connection.execute(at).scalar()
        made = DataKey(secrets.token_hex(16), secrets.token_bytes(KEY_BYTES), now)
        master, wrapped = self._masters.wrap(made.key, key_place(tenant, made.id))
        row = {
            "id": made.id, "tenant": tenant, "master": master, "wrapped": wrapped,
            "created_at": now, "expires_at": now + DAY_S + self._keep_s, "sealed": texts,
        }  # fmt: skip
        connection.execute(insert(DATA_KEYS).values(row))
        self._open[tenant] = made
        return made, float("-inf") if forgotten is None else float(forgotten)


def key_place(tenant: str, key_id: str) -> str:
    """Where a key belongs."""
    return f"content_keys/{tenant}/{key_id}"
