"""Publishers that report deliveries in signed callbacks."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

HIDDEN = "{secret,previous_secret,previous_until}"
PERMISSIONS = "ARRAY['publishers:read', 'publishers:write']"
GIVE = f"""
UPDATE roles SET permissions = (
    SELECT array_agg(DISTINCT p ORDER BY p) FROM unnest(permissions || {PERMISSIONS}) p)
WHERE builtin AND name = 'admin'
"""  # noqa: S608 - constants from above
TAKE = f"""
UPDATE roles SET permissions = (
    SELECT coalesce(array_agg(p ORDER BY p), '{{}}') FROM unnest(permissions) p
    WHERE p <> ALL ({PERMISSIONS}))
WHERE permissions && {PERMISSIONS}
"""  # noqa: S608 - as above


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    now = sa.text("now()")
    op.create_table(
        "publishers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text()),
        sa.Column("previous_until", sa.TIMESTAMP(timezone=True)),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 300", name="name"),
        sa.CheckConstraint("length(secret) BETWEEN 38 AND 100", name="secret"),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (previous_until IS NULL)",
            name="previous_secret",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_publishers"),
    )
    for column in ("name", "enabled", "created_at", "updated_at"):
        op.create_index(f"ix_publishers_{column}_id", "publishers", [column, "id"])
    op.execute(f"SELECT groundwork_make_aggregate('publishers', '{HIDDEN}')")
    op.execute(f"SELECT groundwork_audit('publishers', '{HIDDEN}')")
    op.create_table(
        "publisher_callbacks",
        sa.Column("publisher_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["publisher_id"],
            ["publishers.id"],
            name="fk_publisher_callbacks_publisher_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publisher_id", "webhook_id", name="pk_publisher_callbacks"),
    )
    op.create_index("ix_publisher_callbacks_taken_at", "publisher_callbacks", ["taken_at"])
    op.add_column("deliveries", sa.Column("state_at", sa.TIMESTAMP(timezone=True)))
    op.execute("SET LOCAL groundwork.change_builtin_roles = on")
    op.execute(GIVE)
    op.create_index(
        "ix_deliveries_under_way",
        "deliveries",
        ["distribution_id"],
        postgresql_where=sa.text("status IN ('pending', 'sent')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("SET LOCAL groundwork.change_builtin_roles = on")
    op.execute(TAKE)
    op.drop_index("ix_deliveries_under_way", "deliveries")
    op.drop_column("deliveries", "state_at")
    op.drop_table("publisher_callbacks")
    op.execute("SELECT groundwork_unaudit('publishers')")
    op.execute("SELECT groundwork_unmake_aggregate('publishers')")
    op.drop_table("publishers")
