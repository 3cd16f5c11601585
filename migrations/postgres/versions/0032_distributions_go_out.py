"""Distributions go out: the version that is sent, why one failed, and who has leased it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

PERMISSION = "distributions:write"
GIVE = f"""
UPDATE roles SET permissions = (
    SELECT array_agg(DISTINCT p ORDER BY p) FROM unnest(permissions || '{PERMISSION}'::text) p)
WHERE builtin AND name = 'service'
"""  # noqa: S608 - constants from above
TAKE = f"""
UPDATE roles SET permissions = array_remove(permissions, '{PERMISSION}')
WHERE builtin AND name = 'service'
"""  # noqa: S608 - as above


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.add_column("distributions", sa.Column("content_version", sa.BigInteger()))
    op.add_column("distributions", sa.Column("error", postgresql.JSONB()))
    op.create_check_constraint("error", "distributions", "jsonb_typeof(error) = 'object'")
    op.create_check_constraint(
        "error_bytes", "distributions", "octet_length(error::text) <= 100000"
    )
    op.create_index(
        "ix_distributions_due",
        "distributions",
        [sa.text("scheduled_at NULLS FIRST"), "id"],
        postgresql_where=sa.text("status = 'scheduled'"),
    )
    op.create_table(
        "distribution_handovers",
        sa.Column("distribution_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message", postgresql.JSONB(), nullable=False),
        sa.Column("available_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("lease_token", sa.Uuid()),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name="lease_token"),
        sa.ForeignKeyConstraint(
            ["distribution_id"],
            ["distributions.id"],
            name="fk_distribution_handovers_distribution_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("distribution_id", name="pk_distribution_handovers"),
    )
    op.create_index(
        "ix_distribution_handovers_channel",
        "distribution_handovers",
        ["channel", "available_at", "distribution_id"],
    )
    op.create_index(
        "ix_distribution_handovers_leased_until", "distribution_handovers", ["leased_until"]
    )
    op.execute("SET LOCAL groundwork.change_builtin_roles = on")
    op.execute(GIVE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("SET LOCAL groundwork.change_builtin_roles = on")
    op.execute(TAKE)
    op.drop_table("distribution_handovers")
    op.drop_index("ix_distributions_due", "distributions")
    op.drop_column("distributions", "error")
    op.drop_column("distributions", "content_version")
