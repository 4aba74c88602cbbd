"""Content as the database keeps it. Who has a copy of the rows, and not of a tenant's keys, has
nothing.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table

from gairp.gateway.database.metadata import METADATA

#: Keys of tenants, sealed with the operator's; one serves for a day, of one gateway.
DATA_KEYS = Table(
    "content_keys",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(255), nullable=False),
    Column("master", String(32), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("sealed", Integer, nullable=False),  # texts
    Index("content_keys_tenant", "tenant"),
)

CONTENTS = Table(
    "contents",
    METADATA,
    Column("decision_id", String(255), primary_key=True),
    Column("request_id", String(255), nullable=False),
    Column("tenant", String(255), nullable=False),
    Column("at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("contents_request", "request_id"),
    Index("contents_tenant", "tenant"),
    Index("contents_expires", "expires_at"),
)

#: Until when a tenant's content was forgotten: what still waited then is not written.
FORGOTTEN = Table(
    "content_forgotten",
    METADATA,
    Column("tenant", String(255), primary_key=True),
    Column("at", Float, nullable=False),
)
