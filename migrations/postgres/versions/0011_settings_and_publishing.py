"""Create configurations, preferences, contents and their publishing; index every sort."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EMPTY = sa.text("'{}'")
# For each aggregate: the columns that are left out of the outbox, and whether it is audited.
AGGREGATES = {
    "configurations": ("{}", True),
    "preferences": ("{}", False),
    "contents": ("{body}", True),
    "distributions": ("{}", True),
    "deliveries": ("{}", False),
    "engagements": ("{}", False),
    "webhooks": ("{secret}", True),
}

# Once per statement, as for the outbox: every write of contents stores their versions.
KEEP_VERSIONS = """
CREATE FUNCTION groundwork_keep_content_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_versions
        (content_id, version, title, body, format, status, metadata, created_at)
    SELECT n.id, n.version, n.title, n.body, n.format, n.status, n.metadata, n.updated_at
    FROM new_rows n;
    RETURN NULL;
END $$
"""

# Sorts of older resources that had no index ending in id. A title may be longer than an index
# allows, so documents are sorted by its beginning.
SORTS = {
    "ix_documents_title_start_id": 'documents ("left"(title, 600), id)',
    "ix_entities_key_id": "entities (key, id)",
    "ix_jobs_priority_id": "jobs (priority, id)",
    "ix_relationships_valid_from_id": "relationships (valid_from, id)",
    "ix_relationships_valid_to_id": "relationships (valid_to, id)",
    "ix_roles_name_id": "roles (name, id)",
    "ix_users_email_id": "users (email, id)",
}
# Lists of every existing aggregate are sorted by both times.
INDEX_TIMES = """
DO $$ DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT t.table_name AS "table", c.column_name AS "column"
        FROM information_schema.columns c JOIN information_schema.columns t USING
            (table_schema, table_name)
        WHERE table_schema = 'public' AND t.column_name = 'updated_at'
            AND c.column_name IN ('created_at', 'updated_at')
    LOOP
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (%I, id)',
            'ix_' || one.table || '_' || one.column || '_id', one.table, one.column);
    END LOOP;
END $$
"""
DROP_TIMES = """
DO $$ DECLARE
    one record;
BEGIN
    FOR one IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
        AND indexname ~ '^ix_.*_(created|updated)_at_id$'
        AND indexname <> 'ix_audit_events_created_at_id'
    LOOP
        EXECUTE format('DROP INDEX %I', one.indexname);
    END LOOP;
END $$
"""


def text(name: str, **options: object) -> sa.Column:
    """Return a text column that is not null."""
    return sa.Column(name, sa.Text(), nullable=False, **options)


def moment(name: str, **options: object) -> sa.Column:
    """Return a column of a time."""
    return sa.Column(name, sa.TIMESTAMP(timezone=True), **options)


def json(name: str, **options: object) -> sa.Column:
    """Return a column of a JSON value."""
    return sa.Column(name, postgresql.JSONB(), **options)


def refers(table: str, column: str, to: str, **options: str) -> sa.ForeignKeyConstraint:
    """Return a foreign key to another table's id."""
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}", **options)


def aggregate(name: str, rules: dict[str, str], *parts: sa.schema.SchemaItem) -> None:
    """Create the table of an aggregate, with a check constraint for each rule."""
    now = sa.text("now()")
    op.create_table(
        name,
        *parts,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        moment("created_at", server_default=now, nullable=False),
        moment("updated_at", server_default=now, nullable=False),
        *(sa.CheckConstraint(rule, name=f"ck_{name}_{field}") for field, rule in rules.items()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def index(table: str, *columns: str) -> None:
    """Create an index that is named by its columns."""
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def settings() -> None:
    """Create configurations and preferences."""
    aggregate(
        "configurations",
        {"key": "length(key) BETWEEN 1 AND 200", "description": "length(description) <= 2000"},
        text("key"),
        json("value"),
        text("description", server_default=""),
    )
    op.create_index("uq_configurations_key", "configurations", ["key"], unique=True)
    index("configurations", "key", "id")
    aggregate(
        "preferences",
        {"key": "length(key) BETWEEN 1 AND 200"},
        sa.Column("user_id", sa.Uuid(), nullable=False),
        text("key"),
        json("value"),
        refers("preferences", "user_id", "users", ondelete="CASCADE"),
    )
    op.create_index("uq_preferences_key", "preferences", ["key", "user_id"], unique=True)
    index("preferences", "key", "id")
    index("preferences", "user_id", "id")


def contents() -> None:
    """Create contents and their versions."""
    aggregate(
        "contents",
        {
            "title": "length(title) BETWEEN 1 AND 500",
            "body": "length(body) <= 1000000",
            "format": "length(format) BETWEEN 1 AND 100",
            "status": "status IN ('draft', 'published', 'archived')",
            "metadata": "jsonb_typeof(metadata) = 'object'",
        },
        text("title"),
        text("body", server_default=""),
        text("format", server_default="markdown"),
        text("status", server_default="draft"),
        json("metadata", server_default=EMPTY, nullable=False),
    )
    index("contents", "title", "id")
    index("contents", "status", "id")
    op.create_index(
        "ix_contents_title_trigrams",
        "contents",
        ["title"],
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops"},
    )
    op.create_table(
        "content_versions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        text("title"),
        text("body"),
        text("format"),
        text("status"),
        json("metadata", nullable=False),
        moment("created_at", server_default=sa.text("now()"), nullable=False),
        refers("content_versions", "content_id", "contents", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_content_versions"),
    )
    op.create_index(
        "uq_content_versions_version", "content_versions", ["content_id", "version"], unique=True
    )
    index("content_versions", "content_id", "id")
    op.execute(KEEP_VERSIONS)
    for act in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER keep_versions_{act.lower()} AFTER {act} ON contents"
            " REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_keep_content_versions()"
        )


def publishing() -> None:
    """Create distributions, deliveries, engagements and webhooks."""
    aggregate(
        "distributions",
        {
            "channel": "length(channel) BETWEEN 1 AND 100",
            "spec": "jsonb_typeof(spec) = 'object'",
            "status": "status IN ('draft', 'scheduled', 'sending', 'sent', 'failed', 'cancelled')",
        },
        sa.Column("content_id", sa.Uuid(), nullable=False),
        text("channel"),
        json("spec", server_default=EMPTY, nullable=False),
        moment("scheduled_at"),
        text("status", server_default="scheduled"),
        # A distributed content is archived, not deleted, so that it stays known what was sent.
        refers("distributions", "content_id", "contents"),
    )
    for column in ("content_id", "status", "channel", "scheduled_at"):
        index("distributions", column, "id")
    aggregate(
        "deliveries",
        {
            "recipient": "length(recipient) BETWEEN 1 AND 600",
            "status": "status IN ('pending', 'sent', 'delivered', 'failed')",
            "attempt": "attempt BETWEEN 0 AND 1000",
            "error": "jsonb_typeof(error) = 'object'",
            "external_id": "length(external_id) BETWEEN 1 AND 300",
        },
        sa.Column("distribution_id", sa.Uuid(), nullable=False),
        text("recipient"),
        text("status", server_default="pending"),
        sa.Column("attempt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        json("error"),
        sa.Column("external_id", sa.Text()),
        moment("sent_at"),
        moment("delivered_at"),
        refers("deliveries", "distribution_id", "distributions", ondelete="CASCADE"),
    )
    for column in ("recipient", "external_id"):
        op.create_index(
            f"uq_deliveries_{column}", "deliveries", [column, "distribution_id"], unique=True
        )
    index("deliveries", "distribution_id", "id")
    index("deliveries", "status", "id")
    aggregate(
        "engagements",
        {
            "kind": "kind ~ '^[a-z][a-z0-9_-]{0,62}$'",
            "count": "count BETWEEN 0 AND 1000000000",
        },
        sa.Column("distribution_id", sa.Uuid(), nullable=False),
        text("kind"),
        sa.Column("count", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        moment("occurred_at", server_default=sa.text("now()"), nullable=False),
        refers("engagements", "distribution_id", "distributions", ondelete="CASCADE"),
    )
    for column in ("distribution_id", "kind", "occurred_at"):
        index("engagements", column, "id")
    aggregate(
        "webhooks",
        {
            "url": "url ~* '^https?://' AND length(url) <= 2048",
            "events": "cardinality(events) BETWEEN 1 AND 100",
            "secret": "length(secret) >= 32",
        },
        text("url"),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        text("secret"),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    index("webhooks", "enabled", "id")


def upgrade() -> None:
    """Create the tables, make them aggregates, and index the sorts of lists."""
    settings()
    contents()
    publishing()
    for table, (hidden, audited) in AGGREGATES.items():
        op.execute(f"SELECT groundwork_make_aggregate('{table}', '{hidden}')")
        if audited:
            op.execute(f"SELECT groundwork_audit('{table}', '{hidden}')")
    for name, columns in SORTS.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")
    op.execute(INDEX_TIMES)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("content_versions")
    for table in reversed(AGGREGATES):
        op.drop_table(table)
    op.execute("DROP FUNCTION groundwork_keep_content_versions()")
    for name in SORTS:
        op.drop_index(name)
    op.execute(DROP_TIMES)
