"""Create the schemas that preferences follow."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    now, moment = sa.text("now()"), sa.TIMESTAMP(timezone=True)
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.create_table(
        "preference_schemas",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("schema", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name="key"),
        sa.CheckConstraint("octet_length(schema::text) <= 65536", name="schema_bytes"),
        sa.PrimaryKeyConstraint("id", name="pk_preference_schemas"),
    )
    op.create_index("uq_preference_schemas_key", "preference_schemas", ["key"], unique=True)
    for column in ("created_at", "updated_at"):
        op.create_index(f"ix_preference_schemas_{column}_id", "preference_schemas", [column, "id"])
    op.execute("SELECT groundwork_make_aggregate('preference_schemas')")
    op.execute("SELECT groundwork_audit('preference_schemas')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.drop_table("preference_schemas")
