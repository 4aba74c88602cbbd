"""Tenants, projects, keys, quotas and token issuers, as the database keeps them.

Times are Unix time. Lists are JSON. Of a key's secret the database has its SHA-256 alone.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from gairp.gateway.database.metadata import METADATA

TENANTS = Table(
    "tenants",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("title", String(255), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("disabled_at", Float),  # null: may ask
)

PROJECTS = Table(
    "projects",
    METADATA,
    Column("tenant", String(64), ForeignKey("tenants.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("created_at", Float, nullable=False),
)

KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), ForeignKey("tenants.id"), nullable=False),
    Column("project", String(64), nullable=False),
    Column("title", String(255), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("models", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),  # null: never
    Column("revoked_at", Float),
    Index("api_keys_tenant", "tenant"),
)

#: A key has one secret, and two while it is rotated: who holds it keeps its name, quotas and bill.
SECRETS = Table(
    "key_secrets",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("key_id", String(64), ForeignKey("api_keys.id"), nullable=False),
    Column("prefix", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Index("key_secrets_key", "key_id"),
)

#: `name` as in `Principal.quotas`.
QUOTAS = Table(
    "quotas",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("rpm", Integer),
    Column("tpm", Integer),
    Column("concurrency", Integer),
    Column("usd_micro", BigInteger),  # 10^-6 USD
    Column("usd_period", String(8), nullable=False),
)

#: Who may sign tokens; `settings` is the `Issuer` as JSON.
ISSUERS = Table(
    "token_issuers",
    METADATA,
    Column("issuer", String(255), primary_key=True),
    Column("settings", Text, nullable=False),
)

#: One row; each change counts it up, so that gateways see with one look whether to read anew.
CHANGES = Table(
    "account_changes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
