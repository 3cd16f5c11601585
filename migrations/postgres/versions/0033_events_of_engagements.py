"""Engagements know their event at the client, who acted, and whether a program did."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.add_column("engagements", sa.Column("event_id", sa.Text()))
    op.add_column("engagements", sa.Column("agent", sa.Text()))
    op.add_column(
        "engagements",
        sa.Column("automated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint("event_id", "engagements", "length(event_id) BETWEEN 1 AND 200")
    op.create_check_constraint("agent", "engagements", "length(agent) <= 500")
    op.create_index(
        "uq_engagements_event_id",
        "engagements",
        ["event_id", "distribution_id"],
        unique=True,
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.drop_index("uq_engagements_event_id", "engagements")
    for column in ("automated", "agent", "event_id"):
        op.drop_column("engagements", column)
