"""Give documents and contents a search vector in their language.

Postgres writes the new columns by rewriting both tables, which blocks their readers and writers:
6 ms for a document of 9 KB on a busy machine. Migrate large tables in a maintenance window.
"""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {
    "adding-field-with-default": "The column is generated: a trigger and a later backfill would be"
    " a new version of every row.",
}

LANGUAGES = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish",
    "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
CONFIGURATIONS = ("simple", *sorted(set(LANGUAGES.values())))
CASES = "\n        ".join(
    f"WHEN '{code}' THEN '{name}'::regconfig" for code, name in LANGUAGES.items()
)
CONFIGURATION = f"""
CREATE FUNCTION groundwork_configuration(language text) RETURNS regconfig
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE lower(substring(language FROM '^[A-Za-z]+'))
        {CASES}
        ELSE 'simple'::regconfig END
$$
"""  # noqa: S608 - constants
# The words of a search as each language reduces them: a condition that the index can answer. What
# it finds is compared again in the language of the row.
ANY_QUERY = """
CREATE FUNCTION groundwork_any_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT {queries}
$$
""".format(
    queries="\n        || ".join(
        f"websearch_to_tsquery('{name}'::regconfig, words)" for name in CONFIGURATIONS
    )
)
# The first 120,000 characters always fit into a vector of 1 MB. Its parser leaves out HTML tags.
# The body is parsed when the function is made, not at each call: while a dump is restored, the
# search path is empty.
VECTOR = """
CREATE FUNCTION groundwork_vector(language text, title text, summary text, content text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector(groundwork_configuration(language), left(title, 2000)), 'A')
    || setweight(to_tsvector(groundwork_configuration(language), left(summary, 18000)), 'B')
    || setweight(to_tsvector(groundwork_configuration(language), left(content, 100000)), 'C')
"""
CONTAINING = """
CREATE FUNCTION groundwork_containing(part text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '%' || regexp_replace(part, '([\\%_])', '\\\1', 'g') || '%'
$$
"""
# Marks are set as control characters, which the text cannot have, and become elements when the rest
# is escaped. The text of HTML is escaped already, but for what a cut may have left.
HIGHLIGHT = """
CREATE FUNCTION groundwork_highlight(
    configuration regconfig, plain text, words text, escaped boolean, extent text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    SELECT replace(replace(replace(replace(replace(
        CASE WHEN escaped THEN marked ELSE replace(marked, '&', '&amp;') END,
        '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), chr(1), '<mark>'), chr(2), '</mark>')
    FROM ts_headline(configuration,
        translate(plain, chr(1) || chr(2), ''),
        websearch_to_tsquery(configuration, words),
        'StartSel="' || chr(1) || '", StopSel="' || chr(2)
            || '", FragmentDelimiter=" … ", ' || extent) AS marked
$$
"""
FUNCTIONS = (
    "groundwork_highlight(regconfig, text, text, boolean, text)",
    "groundwork_containing(text)",
    "groundwork_any_query(text)",
    "groundwork_vector(text, text, text, text)",
    "groundwork_configuration(text)",
)


def _tell(table: str, hidden: str) -> None:
    """Make the triggers of the outbox anew, with other columns left out."""
    op.execute(f"SELECT groundwork_unmake_aggregate('{table}')")
    op.execute(f"SELECT groundwork_make_aggregate('{table}', '{hidden}')")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in (CONFIGURATION, ANY_QUERY, VECTOR, CONTAINING, HIGHLIGHT):
        op.execute(function)
    op.execute(
        "ALTER TABLE documents ADD COLUMN search tsvector GENERATED ALWAYS AS"
        " (groundwork_vector(language, title, summary, content)) STORED"
    )
    op.execute(
        "ALTER TABLE contents ADD COLUMN search tsvector GENERATED ALWAYS AS"
        " (groundwork_vector(metadata ->> 'language', title, '', body)) STORED"
    )
    _tell("documents", "{content,summary,metadata,search}")
    _tell("contents", "{body,search}")
    op.execute("SELECT groundwork_unaudit('contents')")
    op.execute("SELECT groundwork_audit('contents', '{body,search}')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SELECT groundwork_unaudit('contents')")
    op.execute("SELECT groundwork_audit('contents', '{body}')")
    _tell("contents", "{body}")
    _tell("documents", "{content,summary,metadata}")
    op.drop_column("contents", "search")
    op.drop_column("documents", "search")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
