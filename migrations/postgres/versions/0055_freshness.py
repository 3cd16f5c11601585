"""Give sources an objective of freshness."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("freshness_seconds", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("sources", "freshness_seconds")
