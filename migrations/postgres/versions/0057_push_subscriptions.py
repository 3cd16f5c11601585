"""Keep subscriptions of sources at hubs."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
NOW, ZERO = sa.text("now()"), sa.text("0")


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column(
            "callback_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="wanted", nullable=False),
        sa.Column("encrypted", sa.Text()),
        sa.Column("until", MOMENT),
        sa.Column("next_try_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("pushed_at", MOMENT),
        sa.Column("polled_at", MOMENT),
        sa.Column("missed", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.CheckConstraint("length(hub) <= 2048", name="hub"),
        sa.CheckConstraint("length(topic) <= 2048", name="topic"),
        sa.CheckConstraint(
            "status IN ('wanted', 'asked', 'active', 'refused', 'distrusted')", name="status"
        ),
        sa.CheckConstraint(
            "encrypted ~ '^gw1[.][0-9a-f-]{36}[.][A-Za-z0-9_=-]+$'", name="encrypted"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["sources.id"],
            name="fk_push_subscriptions_source_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name="pk_push_subscriptions"),
    )
    op.create_index("ix_push_subscriptions_next_try_at", "push_subscriptions", ["next_try_at"])
    op.create_index(
        "uq_push_subscriptions_callback_id", "push_subscriptions", ["callback_id"], unique=True
    )


def downgrade() -> None:
    op.drop_table("push_subscriptions")
