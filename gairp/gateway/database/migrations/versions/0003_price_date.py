"""From when on the price was in force that an attempt was billed at."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; rows that are there do not say."""
    op.add_column("attempts", sa.Column("price_date", sa.String(10)))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("attempts", "price_date")
