"""Keep where a poll goes on after a redirect to another host."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "source_states",
        sa.Column("onward", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_check_constraint(
        "onward_bytes",
        "source_states",
        "octet_length(onward::text) <= 10000",
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_constraint("onward_bytes", "source_states", type_="check")
    op.drop_column("source_states", "onward")
