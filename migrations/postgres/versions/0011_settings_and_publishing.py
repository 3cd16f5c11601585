"""Configurations and preferences; contents, and how they are published."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB()
# Of each aggregate: the columns that do not travel, and whether its changes are audited.
AGGREGATES = {
    "configurations": ("{}", True),
    "preferences": ("{}", False),
}


def aggregate(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Create the table of an aggregate, which the functions of 0009 then watch."""
    now, moment = sa.text("now()"), sa.TIMESTAMP(timezone=True)
    op.create_table(
        name,
        *parts,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def settings() -> None:
    """What is set."""
    aggregate(
        "configurations",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name="ck_configurations_key"),
        sa.CheckConstraint("length(description) <= 2000", name="ck_configurations_description"),
    )
    op.create_index("uq_configurations_key", "configurations", ["key"], unique=True)
    aggregate(
        "preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSON, nullable=True),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name="ck_preferences_key"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_preferences_user_id", ondelete="CASCADE"
        ),
    )
    op.create_index("uq_preferences_key", "preferences", ["key", "user_id"], unique=True)
    op.create_index("ix_preferences_key_id", "preferences", ["key", "id"])
    op.create_index("ix_preferences_user_id_id", "preferences", ["user_id", "id"])


def upgrade() -> None:
    """Create the tables, and make aggregates of them."""
    settings()
    for table, (hidden, audited) in AGGREGATES.items():
        op.execute(f"SELECT groundwork_make_aggregate('{table}', '{hidden}')")
        if audited:
            op.execute(f"SELECT groundwork_audit('{table}', '{hidden}')")


def downgrade() -> None:
    """Take them away."""
    for table in reversed(AGGREGATES):
        op.drop_table(table)
