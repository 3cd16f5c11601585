"""Create jobs, and the entities, relationships and mentions that workers find."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "jobs",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), server_default=sa.text("5"), nullable=False),
        sa.Column(
            "payload",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.BigInteger(), server_default=sa.text("5"), nullable=False),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "queued_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
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
            "(status = 'leased') = (lease_owner IS NOT NULL AND leased_until IS NOT NULL)",
            name="ck_jobs_lease",
        ),
        sa.CheckConstraint("kind ~ '^[a-z][a-z0-9_]{0,62}$'", name="ck_jobs_kind"),
        sa.CheckConstraint(
            "status IN ('queued', 'leased', 'succeeded', 'failed', 'quarantined', 'cancelled')",
            name="ck_jobs_status",
        ),
        sa.CheckConstraint("attempt BETWEEN 0 AND max_attempts", name="ck_jobs_attempt"),
        sa.CheckConstraint("max_attempts BETWEEN 1 AND 100", name="ck_jobs_max_attempts"),
        sa.CheckConstraint("priority BETWEEN 0 AND 9", name="ck_jobs_priority"),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name="ck_jobs_progress"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_jobs_document_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_document_id", "jobs", ["document_id"], unique=False)
    op.create_index("ix_jobs_kind", "jobs", ["kind", "id"], unique=False)
    op.create_index(
        "ix_jobs_leased_until",
        "jobs",
        ["leased_until"],
        unique=False,
        postgresql_where=sa.text("status = 'leased'"),
    )
    op.create_index("ix_jobs_status", "jobs", ["status", "id"], unique=False)
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["kind", sa.literal_column("priority DESC"), "id"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index("uq_jobs_idempotency_key", "jobs", ["idempotency_key"], unique=True)
    op.create_table(
        "entities",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), server_default=sa.text("1"), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column(
            "aliases", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "provenance",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{\"documents\": []}'"),
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
        sa.CheckConstraint("jsonb_typeof(attributes) = 'object'", name="ck_entities_attributes"),
        sa.CheckConstraint(
            "type IN ('person', 'organization', 'location', 'event', 'product', 'work', 'topic',"
            " 'website', 'other')",
            name="ck_entities_type",
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="ck_entities_confidence"),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 1000", name="ck_entities_key"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 1000", name="ck_entities_name"),
        sa.PrimaryKeyConstraint("id", name="pk_entities"),
    )
    op.create_index("ix_entities_confidence", "entities", ["confidence", "id"], unique=False)
    op.create_index("ix_entities_name", "entities", ["name", "id"], unique=False)
    op.create_index(
        "ix_entities_name_trigrams",
        "entities",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index("ix_entities_type", "entities", ["type", "id"], unique=False)
    op.create_index("uq_entities_key", "entities", ["key", "type"], unique=True)
    op.create_table(
        "relationships",
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), server_default=sa.text("1"), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("valid_to", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "provenance",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{\"documents\": []}'"),
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
        sa.CheckConstraint(
            "jsonb_typeof(attributes) = 'object'", name="ck_relationships_attributes"
        ),
        sa.CheckConstraint("type ~ '^[A-Z][A-Z0-9_]{0,62}$'", name="ck_relationships_type"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="ck_relationships_confidence"),
        sa.CheckConstraint("valid_from < valid_to", name="ck_relationships_valid_to"),
        sa.ForeignKeyConstraint(
            ["from_id"], ["entities.id"], name="fk_relationships_from_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_id"], ["entities.id"], name="fk_relationships_to_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_relationships"),
    )
    op.create_index(
        "ix_relationships_confidence", "relationships", ["confidence", "id"], unique=False
    )
    op.create_index("ix_relationships_to_id", "relationships", ["to_id"], unique=False)
    op.create_index("ix_relationships_type", "relationships", ["type", "id"], unique=False)
    op.create_index(
        "uq_relationships_from_id",
        "relationships",
        ["from_id", "to_id", "type", "valid_from"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "mentions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("relationship_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("confidence", sa.Double(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="ck_mentions_confidence"),
        sa.CheckConstraint(
            "num_nonnulls(entity_id, relationship_id) = 1", name="ck_mentions_subject"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_mentions_document_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entities.id"], name="fk_mentions_entity_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_mentions_job_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationships.id"],
            name="fk_mentions_relationship_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mentions"),
    )
    op.create_index("ix_mentions_entity_id", "mentions", ["entity_id"], unique=False)
    op.create_index("ix_mentions_relationship_id", "mentions", ["relationship_id"], unique=False)
    op.create_index(
        "uq_mentions_document_id",
        "mentions",
        ["document_id", "entity_id", "relationship_id", "role"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("mentions", "relationships", "entities", "jobs"):
        op.drop_table(table)
