"""Where changes are made: each is one transaction, named in the audit log, seen by all gateways."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from gairp.errors import ConfigError
from gairp.gateway.audit.actions import append_action
from gairp.gateway.tenants.tables import CHANGES

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)


class Desk:
    """The database, and who changes it; `actor` is a person or a key, as the audit log names it."""

    def __init__(self, engine: Engine, *, actor: str, now: Callable[[], float] = time.time) -> None:
        self.engine, self.actor, self.now = engine, actor, now

    @contextmanager
    def change(self, action: str, target: str, **details: Any) -> Iterator[Connection]:
        """A transaction that is done whole, with its line in the audit log, or not at all.

        `details` must not hold secrets.
        """
        with self.engine.begin() as connection:
            # First, so that changes queue here: what follows sees all those before it.
            connection.execute(update(CHANGES).values(version=CHANGES.c.version + 1))
            yield connection
            append_action(
                connection, at=self.now(), actor=self.actor, action=action, target=target,
                details=details,
            )  # fmt: skip


def version(connection: Connection) -> int:
    """Counts changes."""
    return int(connection.execute(select(CHANGES.c.version)).scalar_one())


def checked_name(kind: str, name: str) -> str:
    """The name; ConfigError for one that a file, a URL or a quota's name cannot carry."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{kind} {name[:80]!r}: use 1 to 63 small letters, digits, '.', '_' and '-', and begin "
            "with a letter or a digit"
        )
    return name
