"""Alembic's entry: the connection is handed over by `migrate`."""

from alembic import context

from gairp.gateway.ledger.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
