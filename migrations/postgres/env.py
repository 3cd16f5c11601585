"""Run by alembic. The connection comes from groundwork_data.postgres.migrations.migrate.

Without a connection, SQL is printed instead (`alembic upgrade --sql`), for the check by squawk.
"""

from alembic import context

from groundwork_data.postgres.migrations import TIME_LIMITS
from groundwork_data.postgres.tables import Row

connection = context.config.attributes.get("connection")
context.configure(
    connection=connection,
    dialect_name=None if connection else "postgresql",
    target_metadata=Row.metadata,
    transaction_per_migration=True,
)
for name, value in TIME_LIMITS.items():
    context.execute(f"SET {name} = '{value}'")
if connection:
    # A transaction that is open here would be taken for the caller's, and hold every revision;
    # then an autocommit block is refused.
    connection.commit()
with context.begin_transaction():
    context.run_migrations()
