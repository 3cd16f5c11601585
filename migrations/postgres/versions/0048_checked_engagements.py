"""Check the engagements that were there before."""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("recipient", "link", "automated_reason"):
        op.execute(f"ALTER TABLE engagements VALIDATE CONSTRAINT ck_engagements_{name}")


def downgrade() -> None:
    """Do nothing: a valid constraint need not be made invalid."""
