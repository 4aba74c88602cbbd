"""Attempts, and how much of the journal has been taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    name = sa.String(255)
    op.create_table(
        "attempts",
        sa.Column("call_id", name, primary_key=True),
        *(
            sa.Column(column, name, nullable=False)
            for column in ("decision_id", "request_id", "tenant", "project", "key_id")
        ),
        sa.Column("operation", sa.String(32), nullable=False),
        sa.Column("learner", name, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        *(sa.Column(column, name, nullable=False) for column in ("arm", "model_asked", "model")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reserved_pico", sa.BigInteger, nullable=False),
        sa.Column("cost_pico", sa.BigInteger),
        *(
            sa.Column(column, sa.Integer)
            for column in ("input_tokens", "output_tokens", "cached_tokens")
        ),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("latency_s", sa.Float),
        sa.Column("first_token_s", sa.Float),
        sa.Column("error", sa.String(32)),
    )
    op.create_index("attempts_tenant_day", "attempts", ["tenant", "day"])
    op.create_index("attempts_key_day", "attempts", ["key_id", "day"])
    op.create_index("attempts_decision", "attempts", ["decision_id"])
    op.create_index("attempts_state", "attempts", ["state", "learner"])
    op.create_table(
        "progress",
        sa.Column("journal", name, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("progress")
    op.drop_table("attempts")
