"""Remember the ids of the engagements that were there before, and check when they occurred."""

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

IDS = """
INSERT INTO engagement_ids (id, occurred_at)
SELECT id, occurred_at FROM (
    SELECT id, occurred_at FROM engagements UNION ALL
    SELECT id, occurred_at FROM raw_engagements_others
) e ORDER BY id ON CONFLICT (id) DO NOTHING
"""


def upgrade() -> None:
    op.execute("ALTER TABLE engagements VALIDATE CONSTRAINT ck_engagements_occurred_at")
    op.execute(IDS)


def downgrade() -> None:
    """Do nothing: the previous revision drops the table and the constraint."""
