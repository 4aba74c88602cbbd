"""What administrators did: a chain in the database, written in the change's own transaction.

hash = SHA-256 (hash of the row before ‖ document)
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, insert, select

from gairp.errors import IntegrityError
from gairp.gateway.audit.chain import FIRST, Verified
from gairp.gateway.audit.tables import ACTIONS


class Action(NamedTuple):
    """Who did what to whom."""

    seq: int
    at: str  #: ISO 8601, UTC
    actor: str
    action: str
    target: str
    details: dict[str, Any]
    hash: str


def append_action(
    connection: Connection, *, at: float, actor: str, action: str, target: str, details: Any
) -> None:
    """Write a row. The caller's transaction must hold the one lock that all changes take."""
    c = ACTIONS.c
    last = connection.execute(select(c.seq, c.hash).order_by(c.seq.desc()).limit(1)).first()
    seq, before = (0, FIRST) if last is None else (last.seq + 1, last.hash)
    document = json.dumps(
        {"seq": seq, "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds"),
         "actor": actor, "action": action, "target": target, "details": details},
        sort_keys=True,
    )  # fmt: skip
    values = {"seq": seq, "document": document, "hash": _hash(before, document)}
    connection.execute(insert(ACTIONS).values(values))


def actions(engine: Engine, *, after: int = -1, limit: int = 1000) -> list[Action]:
    """In order, from behind position `after`."""
    c = ACTIONS.c
    statement = select(ACTIONS).where(c.seq > after).order_by(c.seq).limit(limit)
    with engine.connect() as connection:
        return [
            Action(**json.loads(row.document), hash=row.hash)
            for row in connection.execute(statement)
        ]


def verify_actions(engine: Engine) -> Verified:
    """Raises IntegrityError that names the first row that was altered, removed or added."""
    before, count = FIRST, 0
    c = ACTIONS.c
    statement = select(c.seq, c.document, c.hash).order_by(c.seq)
    with engine.connect() as connection:
        for seq, document, told in connection.execute(statement):
            if seq != count or json.loads(document).get("seq") != seq:
                raise _broken(count, f"is missing (row {seq} stands in its place)")
            if _hash(before, document) != told:
                raise _broken(seq, "was altered, or one before it was")
            before, count = told, count + 1
    return Verified(count, before)


def _hash(before: str, document: str) -> str:
    return sha256((before + document).encode()).hexdigest()


def _broken(seq: int, what: str) -> IntegrityError:
    return IntegrityError(
        f"admin_actions, row {seq}: {what}; what stands before it is as it was written. Compare "
        "with a copy of the database, and find out who could write to it"
    )
