"""Create sources, their polling state, and documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEDULE_RULE = """
CASE schedule ->> 'kind'
WHEN 'interval' THEN jsonb_typeof(schedule -> 'every_seconds') = 'number'
    AND (schedule ->> 'every_seconds')::numeric BETWEEN 1 AND 31536000
WHEN 'cron' THEN jsonb_typeof(schedule -> 'expression') = 'string'
    AND jsonb_typeof(schedule -> 'timezone') = 'string'
WHEN 'adaptive' THEN jsonb_typeof(schedule -> 'min_seconds') = 'number'
    AND jsonb_typeof(schedule -> 'max_seconds') = 'number'
    AND (schedule ->> 'min_seconds')::numeric BETWEEN 1 AND (schedule ->> 'max_seconds')::numeric
ELSE false END
"""


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="feed", nullable=False),
        sa.Column("schedule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            SCHEDULE_RULE,
            name="ck_sources_schedule",
        ),
        sa.CheckConstraint("kind IN ('feed')", name="ck_sources_kind"),
        sa.CheckConstraint("url ~* '^https?://' AND length(url) <= 2048", name="ck_sources_url"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 300", name="ck_sources_name"),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
    )
    op.create_index("ix_sources_name", "sources", ["name", "id"], unique=False)
    op.create_index(
        "ix_sources_name_trigrams",
        "sources",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index("ix_sources_tags", "sources", ["tags"], unique=False, postgresql_using="gin")
    op.create_index("uq_sources_url", "sources", ["url"], unique=True)
    op.create_table(
        "source_states",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="new", nullable=False),
        sa.Column(
            "next_poll_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("next_poll_reason", sa.Text(), server_default="new", nullable=False),
        sa.Column("last_poll_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_changed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ticket", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("polls", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("documents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("redirects", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column(
            "feed",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('new', 'ok', 'unchanged', 'failing')", name="ck_source_states_status"
        ),
        sa.CheckConstraint(
            "(ticket IS NULL) = (claimed_until IS NULL)", name="ck_source_states_claim"
        ),
        sa.CheckConstraint(
            "failures >= 0 AND polls >= 0 AND documents >= 0", name="ck_source_states_counts"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_source_states_source_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name="pk_source_states"),
    )
    op.create_index(
        "ix_source_states_next_poll_at", "source_states", ["next_poll_at"], unique=False
    )
    op.create_table(
        "documents",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("length(content_hash) = 64", name="ck_documents_content_hash"),
        sa.CheckConstraint(
            "length(external_id) BETWEEN 1 AND 2048", name="ck_documents_external_id"
        ),
        sa.CheckConstraint("revision >= 1", name="ck_documents_revision"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_documents_source_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("source_id", "external_id", name="uq_documents_source_id_external_id"),
    )
    op.create_index("ix_documents_published_at", "documents", ["published_at", "id"], unique=False)
    op.create_index("ix_documents_source_id", "documents", ["source_id", "id"], unique=False)
    op.create_index(
        "ix_documents_title_trigrams",
        "documents",
        ["title"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops"},
    )
    op.create_table(
        "document_revisions",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "replaced_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name="fk_document_revisions_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "revision", name="pk_document_revisions"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("document_revisions", "documents", "source_states", "sources"):
        op.drop_table(table)
