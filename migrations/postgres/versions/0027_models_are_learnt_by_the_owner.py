"""Let the owner learn embedding models, for functions that may not make an index.

The functions' role reads and writes rows only. A model's first vector makes an index of its own,
so that one function runs with its owner's rights, on a search path that nobody else can change.
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
