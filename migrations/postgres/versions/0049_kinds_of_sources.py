"""Let sources be pages, sitemaps and APIs, with a configuration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {
    "ban-drop-constraint": "a wider constraint takes its place in the same transaction",
}

KINDS = "kind IN ('feed', 'page', 'sitemap', 'api')"


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column(
            "config",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.create_check_constraint(
        "config_bytes",
        "sources",
        "octet_length(config::text) <= 20000",
        postgresql_not_valid=True,
    )
    op.drop_constraint("kind", "sources", type_="check")
    op.create_check_constraint("kind", "sources", KINDS, postgresql_not_valid=True)


def downgrade() -> None:
    op.execute("DELETE FROM sources WHERE kind <> 'feed'")
    op.drop_constraint("kind", "sources", type_="check")
    op.create_check_constraint("kind", "sources", "kind IN ('feed')")
    op.drop_constraint("config_bytes", "sources", type_="check")
    op.drop_column("sources", "config")
