"""What administrators did, as the database keeps it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from gairp.gateway.database.metadata import METADATA

#: A chain: each row's `hash` covers its `document` and the hash of the row before.
ACTIONS = Table(
    "admin_actions",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
