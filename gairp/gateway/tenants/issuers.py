"""Token issuers that the database keeps, beside those of the settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select

from gairp.errors import DataError, GairpError
from gairp.gateway.tenants.desk import Desk
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.jwks import read_jwks
from gairp.gateway.tenants.tables import ISSUERS
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")


def set_issuer(desk: Desk, fields: Mapping[str, Any]) -> Issuer:
    """Add an issuer, or put this in its place. Raises ConfigError or DataError for wrong ones."""
    issuer = Issuer.of(fields)
    if issuer.jwks is not None:
        read_jwks(issuer.jwks, issuer.algorithms)
    row = {"issuer": issuer.issuer, "settings": msgspec.json.encode(issuer).decode()}
    with desk.change("set issuer", issuer.issuer, settings=msgspec.to_builtins(issuer)) as it:
        it.execute(delete(ISSUERS).where(ISSUERS.c.issuer == issuer.issuer))
        it.execute(insert(ISSUERS).values(row))
    return issuer


def remove_issuer(desk: Desk, issuer: str) -> None:
    """Its tokens are taken no more; DataError where it is not there."""
    with desk.change("remove issuer", issuer) as connection:
        if not connection.execute(delete(ISSUERS).where(ISSUERS.c.issuer == issuer)).rowcount:
            raise DataError(f"no issuer {issuer[:200]!r} is there")


def issuers(engine: Engine) -> list[Issuer]:
    """All, by name."""
    with engine.connect() as connection:
        return read_issuers(connection)


def read_issuers(connection: Connection) -> list[Issuer]:
    """All, by name. One that an older or newer version wrote and this one cannot read is passed
    over, with a line in the log: its tokens are refused, and everybody else is served.
    """
    found = []
    for row in connection.execute(select(ISSUERS).order_by(ISSUERS.c.issuer)):
        try:
            found.append(Issuer.of(msgspec.json.decode(row.settings)))
        except (GairpError, msgspec.DecodeError) as error:
            note(_LOG, logging.ERROR, "issuer.refused",
                 f"the token issuer {row.issuer} is passed over: {error}",
                 issuer=row.issuer)  # fmt: skip
    return found
