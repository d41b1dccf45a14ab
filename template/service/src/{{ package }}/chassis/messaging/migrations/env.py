"""Alembic environment of the tables of messaging; `migrate` hands it what it needs."""

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=given["metadata"],
    version_table=given["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
