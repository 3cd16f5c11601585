"""Check the statements that were there before."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("subject_confidence", "stated_by_bytes"):
        op.execute(f"ALTER TABLE mentions VALIDATE CONSTRAINT ck_mentions_{name}")


def downgrade() -> None:
    """Do nothing: a valid constraint need not be made invalid."""
