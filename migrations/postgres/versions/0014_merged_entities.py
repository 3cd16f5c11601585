"""Store the survivors of merged entities; delete embeddings with their contents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# A key that leads to a survivor is taken. Checked after the insert, so that a statement that waited
# for a merge sees its result; and once per statement, so that many new rows need one query.
NEW_KEYS = """
CREATE FUNCTION groundwork_refuse_merged_keys() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken text := (SELECT m.key FROM new_rows n
        JOIN merged_entities m ON m.key = n.key AND m.type = n.type LIMIT 1);
BEGIN
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'this key leads to another entity' USING ERRCODE = 'unique_violation',
            DETAIL = format('Key (key, type)=(%s) belongs to one that was merged.', taken);
    END IF;
    RETURN NULL;
END $$
"""
CHANGED_KEY = """
CREATE FUNCTION groundwork_refuse_merged_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM merged_entities m WHERE m.key = NEW.key AND m.type = NEW.type) THEN
        RAISE EXCEPTION 'this key leads to another entity' USING ERRCODE = 'unique_violation',
            DETAIL = format('Key (key, type)=(%s) belongs to one that was merged.', NEW.key);
    END IF;
    RETURN NULL;
END $$
"""


def watch_embeddings(*hidden: str) -> None:
    """Write the outbox rows of embeddings without these columns."""
    op.execute("SELECT groundwork_unmake_aggregate('embeddings')")
    op.execute(f"SELECT groundwork_make_aggregate('embeddings', '{{{','.join(hidden)}}}')")


def hold_contents() -> None:
    """As for entities and documents: a foreign key, which deletes embeddings with the subject."""
    op.execute(
        "DELETE FROM embeddings e WHERE e.subject_type = 'content'"
        " AND NOT EXISTS (SELECT FROM contents c WHERE c.id = e.subject_id)"
    )
    op.add_column(
        "embeddings",
        sa.Column(
            "content_id",
            sa.Uuid(),
            sa.Computed("CASE WHEN subject_type = 'content' THEN subject_id END", persisted=True),
        ),
    )
    op.create_foreign_key(
        "fk_embeddings_content_id",
        "embeddings",
        "contents",
        ["content_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index("ix_embeddings_content_id", "embeddings", ["content_id"])
    watch_embeddings("vector", "entity_id", "document_id", "content_id")


def upgrade() -> None:
    hold_contents()
    op.create_table(
        "merged_entities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("was", postgresql.JSONB(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("carried", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "merged_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["into_id"], ["entities.id"], name="fk_merged_entities_into_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_merged_entities"),
    )
    op.create_index("uq_merged_entities_key", "merged_entities", ["key", "type"], unique=True)
    op.create_index("ix_merged_entities_into_id", "merged_entities", ["into_id"])
    op.execute(NEW_KEYS)
    op.execute(CHANGED_KEY)
    op.execute(
        "CREATE TRIGGER refuse_merged_keys AFTER INSERT ON entities"
        " REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_refuse_merged_keys()"
    )
    op.execute(
        "CREATE TRIGGER refuse_merged_key AFTER UPDATE OF key, type ON entities FOR EACH ROW"
        " WHEN (NEW.key IS DISTINCT FROM OLD.key OR NEW.type <> OLD.type)"
        " EXECUTE FUNCTION groundwork_refuse_merged_key()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER refuse_merged_key ON entities")
    op.execute("DROP TRIGGER refuse_merged_keys ON entities")
    op.execute("DROP FUNCTION groundwork_refuse_merged_key()")
    op.execute("DROP FUNCTION groundwork_refuse_merged_keys()")
    op.drop_table("merged_entities")
    watch_embeddings("vector", "entity_id", "document_id")
    op.drop_column("embeddings", "content_id")
