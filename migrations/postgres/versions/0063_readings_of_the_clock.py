"""Keep the last reading of the database's clock, to notice that it was set."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clock_readings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("uptime_seconds", sa.Double(), nullable=False),
        sa.CheckConstraint("length(boot) <= 100", name="boot"),
        sa.PrimaryKeyConstraint("name", name="pk_clock_readings"),
    )


def downgrade() -> None:
    op.drop_table("clock_readings")
