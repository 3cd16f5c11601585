"""Run by alembic. The connection comes from groundwork_data.postgres.migrations.migrate."""

from alembic import context

from groundwork_data.postgres.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
