"""Keep schedules as data, with their next moments and their runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("now()")
ROLES = {
    "schedules:read": "('admin', 'editor', 'analyst', 'viewer', 'service')",
    "schedules:write": "('admin', 'editor', 'analyst')",
}
GIVE = """
UPDATE roles SET permissions = (
    SELECT array_agg(DISTINCT p ORDER BY p) FROM unnest(permissions || ARRAY['{permission}']) p)
WHERE builtin AND name IN {roles}
"""


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("schedule", JSONB, nullable=False),
        sa.Column("action", JSONB, nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 300", name="name"),
        sa.CheckConstraint("schedule ->> 'kind' IN ('interval', 'cron')", name="schedule"),
        sa.CheckConstraint("octet_length(schedule::text) <= 2000", name="schedule_bytes"),
        sa.CheckConstraint("octet_length(action::text) <= 1000000", name="action_bytes"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    for column in ("name", "enabled", "created_at", "updated_at"):
        op.create_index(f"ix_schedules_{column}_id", "schedules", [column, "id"])
    op.execute("SELECT groundwork_make_aggregate('schedules')")
    op.execute("SELECT groundwork_audit('schedules')")
    op.create_table(
        "schedule_states",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("next_run_at", MOMENT),
        sa.Column(
            "next_runs", postgresql.ARRAY(MOMENT), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("last_run_at", MOMENT),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error", JSONB),
        sa.CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
        sa.CheckConstraint("cardinality(next_runs) <= 5", name="next_runs"),
        sa.CheckConstraint("octet_length(error::text) <= 5000", name="error_bytes"),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name="fk_schedule_states_schedule_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("schedule_id", name="pk_schedule_states"),
    )
    op.create_index("ix_schedule_states_next_run_at", "schedule_states", ["next_run_at"])
    op.create_table(
        "schedule_runs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("missed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", JSONB),
        sa.Column("error", JSONB),
        sa.CheckConstraint("status IN ('succeeded', 'failed')", name="status"),
        sa.CheckConstraint("reason IN ('schedule', 'asked')", name="reason"),
        sa.CheckConstraint("missed >= 0", name="missed"),
        sa.CheckConstraint("octet_length(result::text) <= 5000", name="result_bytes"),
        sa.CheckConstraint("octet_length(error::text) <= 5000", name="error_bytes"),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name="fk_schedule_runs_schedule_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_runs"),
    )
    op.create_index(
        "uq_schedule_runs_moment",
        "schedule_runs",
        ["schedule_id", "due_at"],
        unique=True,
        postgresql_where=sa.text("reason = 'schedule'"),
    )
    op.create_index(
        "ix_schedule_runs_schedule_id_created_at_id",
        "schedule_runs",
        ["schedule_id", "created_at", "id"],
    )
    op.create_index("ix_schedule_runs_schedule_id_id", "schedule_runs", ["schedule_id", "id"])
    op.create_index("ix_schedule_runs_created_at_id", "schedule_runs", ["created_at", "id"])
    op.execute("SET LOCAL groundwork.change_builtin_roles = on")
    for permission, roles in ROLES.items():
        op.execute(GIVE.format(permission=permission, roles=roles))


def downgrade() -> None:
    op.execute("SET LOCAL groundwork.change_builtin_roles = on")
    for permission in ROLES:
        take = "UPDATE roles SET permissions = array_remove(permissions, '{0}')"
        op.execute((take + " WHERE '{0}' = ANY (permissions)").format(permission))
    op.drop_table("schedule_runs")
    op.drop_table("schedule_states")
    op.execute("SELECT groundwork_unaudit('schedules')")
    op.execute("SELECT groundwork_unmake_aggregate('schedules')")
    op.drop_table("schedules")
