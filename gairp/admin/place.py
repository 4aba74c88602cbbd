"""Where a command works: a gateway's folder, its database, and the desk of changes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gairp.gateway.tenants.desk import Desk


def store(options: argparse.Namespace, *, make: bool = False) -> Engine:
    """The database; ConfigError where it is not there, unless it is to be made."""
    from gairp.gateway.database.store import open_store

    url = options.ledger
    if url is None:
        path = Path(options.home) / "ledger.db"
        if not make and not path.exists():
            raise ConfigError(
                f"there is no database at {path}; give the gateway's --home, or --ledger"
            )
        url = f"sqlite:///{path}"
    return open_store(url)


def desk(options: argparse.Namespace, *, make: bool = False) -> Desk:
    """Where changes are made, in the name of `--actor`."""
    from gairp.gateway.tenants.desk import Desk

    return Desk(store(options, make=make), actor=options.actor[:255])
