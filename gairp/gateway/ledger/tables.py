"""The ledger's tables. Money is in whole picodollars (10^-12 USD), so that sums are exact."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

from gairp.gateway.database.metadata import METADATA

#: One row an attempt: a call to a model. `state`: intent (under way), settled, free (nothing was
#: charged), unknown (nobody can say, after a kill say: the reservation stands until reconciled).
ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("call_id", String(255), primary_key=True),
    Column("decision_id", String(255), nullable=False),
    Column("request_id", String(255), nullable=False),
    Column("tenant", String(255), nullable=False),
    Column("project", String(255), nullable=False),
    Column("key_id", String(255), nullable=False),
    Column("operation", String(32), nullable=False),
    Column("learner", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("arm", String(255), nullable=False),
    Column("model_asked", String(255), nullable=False),
    Column("model", String(255), nullable=False),  # the one that answered
    Column("state", String(16), nullable=False),
    Column("reserved_pico", BigInteger, nullable=False),
    Column("cost_pico", BigInteger),  # null: unknown
    Column("price_date", String(10)),  # since when the price held that it was billed at
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("day", String(10), nullable=False),  # UTC, of the intent
    Column("at", Float, nullable=False),  # Unix time of the intent
    Column("latency_s", Float),
    Column("first_token_s", Float),
    Column("error", String(32)),
    Index("attempts_tenant_day", "tenant", "day"),
    Index("attempts_key_day", "key_id", "day"),
    Index("attempts_decision", "decision_id"),
    Index("attempts_state", "state", "learner"),
)

#: How much of which journal has been taken in.
PROGRESS = Table(
    "progress",
    METADATA,
    Column("journal", String(255), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
