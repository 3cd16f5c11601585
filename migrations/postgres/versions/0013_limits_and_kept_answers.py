"""Create the stored answers of repeated requests, and the rate buckets of principals."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_answers"),
    )
    op.create_index("ix_kept_answers_expires_at", "kept_answers", ["expires_at"])
    # Unlogged, because after a crash a missing bucket simply counts as full.
    op.create_table(
        "rate_buckets",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("granted", sa.Double(), nullable=False),
        sa.Column("filled_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", name="pk_rate_buckets"),
        prefixes=["UNLOGGED"],
    )
    # Rows are updated often and never grow: leave room for updates within the page.
    op.execute("ALTER TABLE rate_buckets SET (fillfactor = 50)")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("rate_buckets")
    op.drop_table("kept_answers")
