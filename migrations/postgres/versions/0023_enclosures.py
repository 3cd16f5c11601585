"""Store the enclosures of entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ENCLOSURES = """
jsonb_typeof(enclosures) = 'array' AND jsonb_array_length(enclosures) <= 50
AND NOT jsonb_path_exists(enclosures, 'strict $[*] ? (@.type() != "object")')
AND NOT jsonb_path_exists(enclosures, '$[*] ? (!(@.url.type() == "string")
    || !(@.type == null || @.type.type() == "string")
    || !(@.length == null || @.length.type() == "number" && @.length >= 0))')
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    # A constant default rewrites no rows, and satisfies the constraint.
    op.add_column(
        "documents",
        sa.Column("enclosures", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.execute(f"ALTER TABLE documents ADD CONSTRAINT ck_documents_enclosures CHECK ({ENCLOSURES})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.drop_column("documents", "enclosures")
