"""Validate the constraints on the status of schedules' runs."""

from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE schedule_states VALIDATE CONSTRAINT ck_schedule_states_status")
    op.execute("ALTER TABLE schedule_runs VALIDATE CONSTRAINT ck_schedule_runs_status")


def downgrade() -> None:
    """Leave the constraints valid; the previous revision replaces them."""
