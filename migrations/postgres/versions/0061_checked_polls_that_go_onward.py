"""Validate the constraint of polls that go onward."""

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE source_states VALIDATE CONSTRAINT ck_source_states_onward_bytes")


def downgrade() -> None:
    """Leave the constraint valid; the previous revision drops it."""
