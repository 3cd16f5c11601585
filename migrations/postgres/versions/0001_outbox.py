"""Create the outbox, the cursors of its destinations, and the slots of the clock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


class Xid8(sa.types.UserDefinedType[int]):
    """The number of a transaction."""

    def get_col_spec(self, **_kw: object) -> str:
        """Name the type in DDL."""
        return "xid8"


def upgrade() -> None:
    """Create the tables."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("aggregate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_aggregate_id", "outbox", ["aggregate_id"], unique=False)
    op.create_index(
        "ix_outbox_seq",
        "outbox",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("seq IS NOT NULL"),
    )
    op.create_index("ix_outbox_xid", "outbox", ["xid", "id"], unique=False)
    op.create_table(
        "outbox_cursors",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "moved_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("destination", name="pk_outbox_cursors"),
    )
    op.create_table(
        "relay_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "awake_until",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("'-infinity'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name="pk_relay_lease"),
    )
    op.create_table(
        "clock_slots",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("slot", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "fired_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("schedule", "slot", name="pk_clock_slots"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("clock_slots", "relay_lease", "outbox_cursors", "outbox"):
        op.drop_table(table)
