"""Tenants, projects, keys, quotas, token issuers, and what administrators did."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAME = sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tenants",
        sa.Column("id", _NAME, primary_key=True),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("disabled_at", sa.Float),
    )
    op.create_table(
        "projects",
        sa.Column("tenant", _NAME, sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("id", _NAME, primary_key=True),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    _keys()
    op.create_table(
        "quotas",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("rpm", sa.Integer),
        sa.Column("tpm", sa.Integer),
        sa.Column("concurrency", sa.Integer),
        sa.Column("usd_micro", sa.BigInteger),
        sa.Column("usd_period", sa.String(8), nullable=False),
    )
    op.create_table(
        "token_issuers",
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("settings", sa.Text, nullable=False),
    )
    _versions()


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", _NAME, primary_key=True),
        sa.Column("tenant", _NAME, sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("project", _NAME, nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("revoked_at", sa.Float),
    )
    op.create_index("api_keys_tenant", "api_keys", ["tenant"])
    op.create_table(
        "key_secrets",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("key_id", _NAME, sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("prefix", sa.String(32), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
    )
    op.create_index("key_secrets_key", "key_secrets", ["key_id"])


def _versions() -> None:
    changes = op.create_table(
        "account_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(changes, [{"id": 1, "version": 0}])
    op.create_table(
        "admin_actions",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    for table in (
        "admin_actions", "account_changes", "token_issuers", "quotas", "key_secrets", "api_keys",
        "projects", "tenants",
    ):  # fmt: skip
        op.drop_table(table)
