"""Alembic's entry: the connection is handed over by `migrate`."""

from alembic import context

from gairp.gateway.database.metadata import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite can, and a migration that fails leaves nothing behind
)
with context.begin_transaction():
    context.run_migrations()
