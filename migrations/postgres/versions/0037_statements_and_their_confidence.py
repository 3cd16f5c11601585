"""Keep who states what and how surely, for confidences of entities; and the parts of results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

HIDDEN = "{said_confidence,computed_confidence}"
CHECKS = {
    "subject_confidence": "subject_confidence BETWEEN 0 AND 1",
    "stated_by_bytes": "octet_length(stated_by::text) <= 5000",
}
COUNTS = ("entities", "relationships", "mentions", "embeddings")


def upgrade() -> None:
    for column in ("said_confidence", "computed_confidence"):
        op.add_column("entities", sa.Column(column, sa.Double()))
    op.execute("SELECT groundwork_unmake_aggregate('entities')")
    op.execute(f"SELECT groundwork_make_aggregate('entities', '{HIDDEN}')")
    op.create_table(
        "result_parts",
        sa.Column("lease_token", sa.Uuid(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column(
            "taken_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("lease_token", "part", name="pk_result_parts"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_result_parts_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_result_parts_job_id", "result_parts", ["job_id"])
    one, empty = sa.text("1"), sa.text("'{}'")
    op.add_column("mentions", sa.Column("source_id", sa.Uuid()))
    op.add_column(
        "mentions",
        sa.Column("subject_confidence", sa.Double(), server_default=one, nullable=False),
    )
    op.add_column(
        "mentions",
        sa.Column(
            "stated_by",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=empty,
            nullable=False,
        ),
    )
    for name, condition in CHECKS.items():
        op.create_check_constraint(name, "mentions", condition, postgresql_not_valid=True)
    op.execute(
        "UPDATE mentions m SET source_id = d.source_id, subject_confidence = m.confidence"
        " FROM documents d WHERE d.id = m.document_id"
    )


def downgrade() -> None:
    for column in ("stated_by", "subject_confidence", "source_id"):
        op.drop_column("mentions", column)
    op.drop_table("result_parts")
    op.execute("SELECT groundwork_unmake_aggregate('entities')")
    for column in ("computed_confidence", "said_confidence"):
        op.drop_column("entities", column)
    op.execute("SELECT groundwork_make_aggregate('entities')")
