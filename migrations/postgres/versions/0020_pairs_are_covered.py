"""Cover the check whether two entities are related by one index."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = "relationships (from_id, to_id, type, valid_from)"
COVERED = "INCLUDE (id, confidence, valid_to)"


def upgrade() -> None:
    # The new index is created before the old one is dropped, so that the constraint always exists.
    op.execute(f"CREATE UNIQUE INDEX covered ON {KEY} {COVERED} NULLS NOT DISTINCT")
    op.execute("DROP INDEX uq_relationships_from_id")
    op.execute("ALTER INDEX covered RENAME TO uq_relationships_from_id")


def downgrade() -> None:
    op.execute(f"CREATE UNIQUE INDEX bare ON {KEY} NULLS NOT DISTINCT")
    op.execute("DROP INDEX uq_relationships_from_id")
    op.execute("ALTER INDEX bare RENAME TO uq_relationships_from_id")
