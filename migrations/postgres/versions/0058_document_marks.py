"""Mark documents with a hash, a cluster of near-duplicates and a detected language."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

BANDS = tuple(f"band_{number}" for number in range(6))
# A mark is made with its document, and emptied by each revision; empty ones are the queue.
MAKE = """
CREATE FUNCTION groundwork_make_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO document_marks (document_id) SELECT id FROM new_rows;
    RETURN NULL;
END $$
"""
EMPTY = """
CREATE FUNCTION groundwork_empty_marks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE document_marks m SET cluster_id = NULL, simhash = NULL, band_0 = NULL, band_1 = NULL,
        band_2 = NULL, band_3 = NULL, band_4 = NULL, band_5 = NULL, language = NULL
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE m.document_id = n.id AND n.revision <> o.revision;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "document_marks",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("cluster_id", sa.Uuid()),
        sa.Column("simhash", sa.BigInteger()),
        *(sa.Column(band, sa.BigInteger()) for band in BANDS),
        sa.Column("language", sa.Text()),
        sa.CheckConstraint("length(language) <= 10", name="language"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name="fk_document_marks_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", name="pk_document_marks"),
    )
    op.create_index(
        "ix_document_marks_waiting",
        "document_marks",
        ["document_id"],
        postgresql_where=sa.text("cluster_id IS NULL"),
    )
    op.create_index("ix_document_marks_cluster_id", "document_marks", ["cluster_id", "document_id"])
    for band in BANDS:
        op.create_index(
            f"ix_document_marks_{band}",
            "document_marks",
            [band],
            postgresql_where=sa.text(f"{band} IS NOT NULL"),
        )
    op.execute(MAKE)
    op.execute(EMPTY)
    op.execute(
        "CREATE TRIGGER marks_made AFTER INSERT ON documents"
        " REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_make_marks()"
    )
    op.execute(
        "CREATE TRIGGER marks_emptied AFTER UPDATE ON documents"
        " REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_empty_marks()"
    )
    op.execute(
        "INSERT INTO document_marks (document_id) SELECT id FROM documents ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER marks_made ON documents")
    op.execute("DROP TRIGGER marks_emptied ON documents")
    op.execute("DROP FUNCTION groundwork_make_marks()")
    op.execute("DROP FUNCTION groundwork_empty_marks()")
    op.drop_table("document_marks")
