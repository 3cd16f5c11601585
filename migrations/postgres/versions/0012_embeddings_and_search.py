"""Create embeddings, with one index for each model's vectors."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import VECTOR

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SUBJECTS = {"entity": "entities", "document": "documents"}

# Serialized: creating an index locks the table against writes, and two transactions with that lock
# could not write their vectors. Reads do not wait.
LEARN_MODEL = """
CREATE FUNCTION groundwork_learn_embedding_model(model text, size bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM embedding_models m WHERE m.name = model) THEN
        RETURN;
    END IF;
    LOCK TABLE embeddings IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM embedding_models m WHERE m.name = model) THEN
        RETURN;
    END IF;
    IF (SELECT count(*) FROM embedding_models) >= 200 THEN
        RAISE EXCEPTION 'too many models' USING ERRCODE = 'check_violation',
            TABLE = 'embeddings', CONSTRAINT = 'ck_embeddings_model',
            HINT = 'would be one more than the 200 models there may be';
    END IF;
    INSERT INTO embedding_models (name, dimensions) VALUES (model, size);
    EXECUTE format('CREATE INDEX %I ON embeddings'
        ' USING hnsw ((l2_normalize(vector)::halfvec(%s)) halfvec_ip_ops) WHERE model = %L',
        'ix_embeddings_near_' || substr(md5(model), 1, 16), size, model);
END $$
"""
CHECK_DIMENSIONS = """
CREATE FUNCTION groundwork_check_embedding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := (SELECT m.dimensions FROM embedding_models m WHERE m.name = NEW.model);
BEGIN
    IF vector_dims(NEW.vector) <> wanted THEN
        RAISE EXCEPTION 'wrong dimensions' USING ERRCODE = 'check_violation',
            TABLE = 'embeddings', CONSTRAINT = 'ck_embeddings_vector',
            HINT = format('must have %s dimensions, as all of this model', wanted);
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    now, moment = sa.text("now()"), sa.TIMESTAMP(timezone=True)
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.create_table(
        "embedding_models",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dimensions", sa.BigInteger(), nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.CheckConstraint(
            "name ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$'", name="ck_embedding_models_name"
        ),
        sa.CheckConstraint("dimensions BETWEEN 1 AND 4000", name="ck_embedding_models_dimensions"),
        sa.PrimaryKeyConstraint("name", name="pk_embedding_models"),
    )
    op.create_table(
        "embeddings",
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", VECTOR(), nullable=False),
        *(
            sa.Column(
                f"{kind}_id",
                sa.Uuid(),
                sa.Computed(
                    f"CASE WHEN subject_type = '{kind}' THEN subject_id END", persisted=True
                ),
            )
            for kind in SUBJECTS
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.CheckConstraint(
            "subject_type IN ('entity', 'document', 'content')",
            name="ck_embeddings_subject_type",
        ),
        sa.CheckConstraint("vector_norm(vector) > 0", name="ck_embeddings_vector"),
        sa.ForeignKeyConstraint(["model"], ["embedding_models.name"], name="fk_embeddings_model"),
        *(
            sa.ForeignKeyConstraint(
                [f"{kind}_id"],
                [f"{table}.id"],
                name=f"fk_embeddings_{kind}_id",
                ondelete="CASCADE",
            )
            for kind, table in SUBJECTS.items()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_embeddings"),
    )
    op.create_index("uq_embeddings_subject_id", "embeddings", ["subject_id", "model"], unique=True)
    op.create_index("ix_embeddings_model", "embeddings", ["model", "id"])
    for time in ("created_at", "updated_at"):
        op.create_index(f"ix_embeddings_{time}_id", "embeddings", [time, "id"])
    for kind in SUBJECTS:
        op.create_index(f"ix_embeddings_{kind}_id", "embeddings", [f"{kind}_id"])
    op.execute(LEARN_MODEL)
    op.execute(CHECK_DIMENSIONS)
    op.execute(
        "CREATE TRIGGER check_dimensions BEFORE INSERT OR UPDATE OF model, vector ON embeddings"
        " FOR EACH ROW EXECUTE FUNCTION groundwork_check_embedding()"
    )
    hidden = ",".join(["vector", *(f"{kind}_id" for kind in SUBJECTS)])
    op.execute(f"SELECT groundwork_make_aggregate('embeddings', '{{{hidden}}}')")


def downgrade() -> None:
    op.drop_table("embeddings")
    op.drop_table("embedding_models")
    op.execute("DROP FUNCTION groundwork_check_embedding()")
    op.execute("DROP FUNCTION groundwork_learn_embedding_model(text, bigint)")
    op.execute("DROP EXTENSION vector")
