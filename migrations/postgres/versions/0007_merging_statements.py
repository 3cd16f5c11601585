"""Create the functions that merge statements, and store the inputs of the next poll."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FUNCTIONS = {
    "groundwork_more_aliases(text, text[], text, text[], int)": """
CREATE FUNCTION groundwork_more_aliases(
    name text, aliases text[], new_name text, new_aliases text[], most int
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT cardinality(aliases) < most AND EXISTS (
        SELECT FROM unnest(new_name || new_aliases) AS a WHERE a <> name AND a <> ALL(aliases))
$$
""",
    "groundwork_merge_aliases(text, text[], text, text[], int)": """
CREATE FUNCTION groundwork_merge_aliases(
    name text, aliases text[], new_name text, new_aliases text[], most int
) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(a ORDER BY first), '{}') FROM (
        SELECT a, min(n) AS first
        FROM unnest(aliases || new_name || new_aliases) WITH ORDINALITY AS t(a, n)
        WHERE a <> name GROUP BY a ORDER BY min(n) LIMIT most) AS kept
$$
""",
    "groundwork_more_provenance(jsonb, jsonb, jsonb, int)": """
CREATE FUNCTION groundwork_more_provenance(
    provenance jsonb, documents jsonb, workers jsonb, most int
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (NOT coalesce(provenance -> 'documents', '[]') @> documents
            AND jsonb_array_length(coalesce(provenance -> 'documents', '[]')) < most)
        OR NOT coalesce(provenance -> 'workers', '[]') @> workers
$$
""",
    "groundwork_merge_provenance(jsonb, jsonb, int)": """
CREATE FUNCTION groundwork_merge_provenance(
    provenance jsonb, more jsonb, most int
) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT provenance || jsonb_object_agg(field, first) FROM (
        SELECT field, coalesce(jsonb_agg(value ORDER BY place), '[]') AS first FROM (
            SELECT field, value, min(n) AS place,
                row_number() OVER (PARTITION BY field ORDER BY min(n)) AS rank
            FROM (VALUES ('documents'), ('workers')) AS fields(field),
                jsonb_array_elements(coalesce(provenance -> field, '[]')
                    || coalesce(more -> field, '[]')) WITH ORDINALITY AS t(value, n)
            GROUP BY field, value) AS ranked
        WHERE rank <= most GROUP BY field) AS merged
$$
""",
}


def upgrade() -> None:
    op.add_column(
        "source_states",
        sa.Column(
            "next_poll_inputs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    for body in FUNCTIONS.values():
        op.execute(body)


def downgrade() -> None:
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_column("source_states", "next_poll_inputs")
