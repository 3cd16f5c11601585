"""Validate the constraints of the kinds of sources."""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE sources VALIDATE CONSTRAINT ck_sources_kind")
    op.execute("ALTER TABLE sources VALIDATE CONSTRAINT ck_sources_config_bytes")


def downgrade() -> None:
    """Leave the constraints valid; the previous revision replaces them."""
