"""Bound the size of rows, so that every list can be answered."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

JSON, PROVENANCE, ENCLOSURES, ERROR = 1_000_000, 500_000, 300_000, 100_000
TEXTS, CONTENT = 2_500_000, 2_800_000
SHORT = 400_000
"""Bytes of text that are below the limits even if each is escaped as `\\u0001`."""


def _of_json(column: str, most: int) -> str:
    return f"octet_length({column}::text) <= {most}"


# As Postgres writes them: `1e300` takes 301 bytes.
RULES = {
    "configurations": {"value_bytes": _of_json("value", JSON)},
    "contents": {
        "metadata_bytes": _of_json("metadata", JSON),
        "body_bytes": (
            f"octet_length(body) + octet_length(metadata::text) <= {SHORT}"
            " OR octet_length(to_json(body)::text) + octet_length(metadata::text)"
            f" <= {CONTENT}"
        ),
    },
    "deliveries": {"error_bytes": _of_json("error", ERROR)},
    "distributions": {"spec_bytes": _of_json("spec", JSON)},
    "documents": {
        "content_bytes": (
            f"octet_length(content) + octet_length(summary) <= {SHORT}"
            " OR octet_length(to_json(content)::text) + octet_length(to_json(summary)::text)"
            f" <= {TEXTS}"
        ),
        "title_bytes": "octet_length(title) <= 8000",
        "author_bytes": "octet_length(author) <= 8000",
        "url_bytes": "octet_length(url) <= 16384",
        "language_bytes": "octet_length(language) <= 200",
        "metadata_bytes": _of_json("metadata", JSON),
        "enclosures_bytes": _of_json("enclosures", ENCLOSURES),
    },
    "entities": {
        "attributes_bytes": _of_json("attributes", JSON),
        "aliases_bytes": _of_json("to_json(aliases)", JSON),
        "provenance_bytes": _of_json("provenance", PROVENANCE),
    },
    "jobs": {
        "payload_bytes": _of_json("payload", JSON),
        "result_bytes": _of_json("result", JSON),
        "error_bytes": _of_json("error", ERROR),
    },
    "preferences": {"value_bytes": _of_json("value", JSON)},
    "relationships": {
        "attributes_bytes": _of_json("attributes", JSON),
        "provenance_bytes": _of_json("provenance", PROVENANCE),
    },
}
# An existing row that is too long keeps the constraint from being validated, and must be shortened
# with its next change. It must not make the migration fail.
PROVE = """
DO $$ BEGIN
    ALTER TABLE {table} VALIDATE CONSTRAINT {name};
EXCEPTION WHEN check_violation THEN
    RAISE WARNING '{table} holds rows that break {name}: shorten or remove them, then validate it';
END $$
"""
# Every write of the REST API answers with the row. A row that no answer can hold is refused.
ANSWERABLE = """
CREATE FUNCTION groundwork_answerable(shown text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF octet_length(shown) > 2900000 THEN
        RAISE EXCEPTION 'all fields together take too many bytes' USING
            ERRCODE = 'check_violation',
            HINT = 'all fields together must take at most 2,900,000 bytes as JSON';
    END IF;
    RETURN shown;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    for table, rules in RULES.items():
        for name, rule in rules.items():
            op.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID"
            )
            op.execute(PROVE.format(table=table, name=f"ck_{table}_{name}"))
    op.execute(ANSWERABLE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("DROP FUNCTION groundwork_answerable(text)")
    for table, rules in RULES.items():
        for name in rules:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
