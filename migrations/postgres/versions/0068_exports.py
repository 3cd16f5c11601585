"""Keep exports that wait or run; their runs are `running` until they end."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {"ban-drop-constraint": "the constraint that follows allows more"}
MOMENT = sa.TIMESTAMP(timezone=True)
BEFORE = {
    "schedule_states": "status IN ('pending', 'succeeded', 'failed')",
    "schedule_runs": "status IN ('succeeded', 'failed')",
}
AFTER = {
    "schedule_states": "status IN ('pending', 'running', 'succeeded', 'failed')",
    "schedule_runs": "status IN ('running', 'succeeded', 'failed')",
}


def upgrade() -> None:
    for table, allowed in AFTER.items():
        op.drop_constraint("status", table, type_="check")
        op.create_check_constraint("status", table, allowed, postgresql_not_valid=True)
    op.add_column("schedule_states", sa.Column("acts_for", sa.Uuid(), nullable=True))
    op.create_table(
        "running_exports",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("changed_only", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.CheckConstraint("length(resource) BETWEEN 1 AND 100", name="resource"),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["schedule_runs.id"],
            name="fk_running_exports_run_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name="pk_running_exports"),
    )
    op.create_index("ix_running_exports_schedule_id", "running_exports", ["schedule_id"])


def downgrade() -> None:
    op.drop_table("running_exports")
    op.drop_column("schedule_states", "acts_for")
    for table, allowed in BEFORE.items():
        op.execute(f"UPDATE {table} SET status = 'failed' WHERE status = 'running'")  # noqa: S608
        op.drop_constraint("status", table, type_="check")
        op.create_check_constraint("status", table, allowed)
