"""Store the progress of comparing the graph with Postgres, and its last outcome."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), **options)


def _drift(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(), server_default=sa.text("'{}'"), nullable=False)


def upgrade() -> None:
    """Create the table with its one row."""
    op.create_table(
        "graph_check",
        sa.Column("name", sa.Text(), nullable=False),
        _moment("claimed_until", server_default=sa.text("'-infinity'"), nullable=False),
        _moment("began_at", nullable=True),
        sa.Column("place", JSONB(), nullable=True),
        _drift("drift"),
        _moment("ended_at", nullable=True),
        sa.Column("seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        _drift("last_drift"),
        sa.PrimaryKeyConstraint("name", name="pk_graph_check"),
    )
    op.execute("INSERT INTO graph_check (name) VALUES ('graph')")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("graph_check")
