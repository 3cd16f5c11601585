"""Register embedding models as the owner, because functions cannot create indexes.

The functions' role only reads and writes rows. The first vector of a model creates an index, so
that database function runs with its owner's privileges, on a search path that nobody else can
change.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

FUNCTION = "groundwork_learn_embedding_model(text, bigint)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(f"ALTER FUNCTION {FUNCTION} SECURITY DEFINER SET search_path = public, pg_temp")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(f"ALTER FUNCTION {FUNCTION} SECURITY INVOKER RESET search_path")
