"""Prompts and answers, encrypted, and the keys of tenants."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME = sa.String(255)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "content_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", _NAME, nullable=False),
        sa.Column("master", sa.String(32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("sealed", sa.Integer, nullable=False),
    )
    op.create_index("content_keys_tenant", "content_keys", ["tenant"])
    op.create_table(
        "contents",
        sa.Column("decision_id", _NAME, primary_key=True),
        sa.Column("request_id", _NAME, nullable=False),
        sa.Column("tenant", _NAME, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    for name, column in (
        ("request", "request_id"),
        ("tenant", "tenant"),
        ("expires", "expires_at"),
    ):
        op.create_index(f"contents_{name}", "contents", [column])
    op.create_table(
        "content_forgotten",
        sa.Column("tenant", _NAME, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    """Remove them, and what is in them."""
    for table in ("content_forgotten", "contents", "content_keys"):
        op.drop_table(table)
