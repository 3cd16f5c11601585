"""Webhooks are sent: messages that refer to the outbox, attempts, and the state of endpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
ZERO = sa.text("0")
TABLES = (
    "outbox_retention",
    "webhook_attempts",
    "webhook_messages",
    "webhook_states",
    "webhook_secrets",
)
ENCRYPTED = "{} ~ '^gw1[.][0-9a-f-]{{36}}[.][A-Za-z0-9_=-]+$' AND octet_length({}) <= 2000"
SQUAWK_IGNORED = {
    "require-concurrent-index-creation": "webhooks has few rows",
    "constraint-missing-not-valid": "webhooks has few rows",
    "adding-foreign-key-constraint": "webhooks has few rows",
    "ban-drop-not-null": "no release has read webhooks.secret",
}
WITH_STATUS = {"contents": "{body}", "distributions": "{}", "deliveries": "{}"}

# As groundwork_write_outbox(), with the status that a thing reached, which no later row repeats.
WRITE_STATUS_OUTBOX = """
CREATE FUNCTION groundwork_write_status_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hidden text[] := TG_ARGV[0]::text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data, became)
        SELECT TG_TABLE_NAME, n.id, n.version, 'created', to_jsonb(n) - hidden, n.status
        FROM new_rows n;
    ELSE
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data, became)
        SELECT TG_TABLE_NAME, n.id, n.version, 'updated', to_jsonb(n) - hidden,
            CASE WHEN n.status <> o.status THEN n.status END
        FROM new_rows n JOIN old_rows o ON o.id = n.id;
    END IF;
    RETURN NULL;
END $$
"""
# A poll is not a new version of a source, but a status that it reaches is an event. That a source
# goes on well is none.
TELL_SOURCE_STATUS = """
CREATE FUNCTION groundwork_tell_source_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data, became)
    SELECT 'sources', s.id, s.version, 'status',
        jsonb_build_object('id', s.id, 'version', s.version, 'name', s.name, 'url', s.url,
            'kind', s.kind, 'enabled', s.enabled, 'tags', s.tags,
            'created_at', s.created_at, 'updated_at', s.updated_at,
            'state', jsonb_build_object('status', n.status, 'failures', n.failures,
                'last_poll_at', n.last_poll_at, 'next_poll_at', n.next_poll_at,
                'error', CASE WHEN n.error_class IS NOT NULL THEN jsonb_build_object(
                    'class', n.error_class, 'message', n.error_message) END)),
        CASE WHEN n.status = 'unchanged' THEN 'ok' ELSE n.status END
    FROM new_rows n JOIN old_rows o ON o.source_id = n.source_id
        JOIN sources s ON s.id = n.source_id
    WHERE n.status <> o.status AND NOT (n.status IN ('ok', 'unchanged')
        AND o.status IN ('new', 'pending', 'ok', 'unchanged'));
    RETURN NULL;
END $$
"""
MAKE_STATES = """
CREATE FUNCTION groundwork_make_webhook_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_states (webhook_id) SELECT n.id FROM new_rows n;
    RETURN NULL;
END $$
"""
# Everything before has been: a webhook of before gets what happens from now on.
FIRST_CURSOR = """
INSERT INTO outbox_cursors (destination, xid, id)
SELECT 'webhooks', coalesce(max(c.xid), '0'), 9223372036854775807 FROM outbox_cursors c
"""
OWNERS = """
UPDATE webhooks w SET owner_id = u.id
FROM audit_events a JOIN users u ON u.id = a.actor_id
WHERE a.action = 'webhooks.created' AND a.subject_id = w.id
"""


def upgrade() -> None:
    op.add_column("outbox", sa.Column("became", sa.Text()))
    op.execute(WRITE_STATUS_OUTBOX)
    for table, hidden in WITH_STATUS.items():
        _write_with(table, "groundwork_write_status_outbox", hidden)
    op.execute(TELL_SOURCE_STATUS)
    op.execute(
        "CREATE TRIGGER tell_status AFTER UPDATE ON source_states"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_tell_source_status()"
    )
    _columns_of_webhooks()
    _tables()
    op.execute(MAKE_STATES)
    op.execute(
        "CREATE TRIGGER make_states AFTER INSERT ON webhooks REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_make_webhook_states()"
    )
    op.execute("INSERT INTO webhook_states (webhook_id) SELECT id FROM webhooks")
    op.execute("INSERT INTO relay_lease (name) VALUES ('webhooks')")
    op.execute(FIRST_CURSOR)


def downgrade() -> None:
    op.execute("DELETE FROM outbox_cursors WHERE destination = 'webhooks'")
    op.execute("DELETE FROM relay_lease WHERE name = 'webhooks'")
    op.execute("DROP TRIGGER make_states ON webhooks")
    op.execute("DROP FUNCTION groundwork_make_webhook_states()")
    for table in TABLES:
        op.drop_table(table)
    op.execute("DELETE FROM webhooks WHERE secret IS NULL")  # nothing can sign for these
    op.alter_column("webhooks", "secret", nullable=False)
    for column in ("owner_id", "max_in_flight"):
        op.drop_column("webhooks", column)
    op.execute("DROP TRIGGER tell_status ON source_states")
    op.execute("DROP FUNCTION groundwork_tell_source_status()")
    for table, hidden in WITH_STATUS.items():
        _write_with(table, "groundwork_write_outbox", hidden)
    op.execute("DROP FUNCTION groundwork_write_status_outbox()")
    op.drop_column("outbox", "became")


def _write_with(table: str, function: str, hidden: str) -> None:
    """Let another function write the outbox rows of a table's inserts and updates."""
    old = " OLD TABLE AS old_rows" if function == "groundwork_write_status_outbox" else ""
    for event, verb, more in (("created", "INSERT", ""), ("updated", "UPDATE", old)):
        op.execute(f"DROP TRIGGER outbox_{event} ON {table}")
        op.execute(
            f"CREATE TRIGGER outbox_{event} AFTER {verb} ON {table}"
            f" REFERENCING{more} NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}('{hidden}')"
        )


def _columns_of_webhooks() -> None:
    op.add_column("webhooks", sa.Column("owner_id", sa.Uuid()))
    op.add_column(
        "webhooks",
        sa.Column("max_in_flight", sa.BigInteger(), server_default=sa.text("2"), nullable=False),
    )
    op.create_check_constraint("max_in_flight", "webhooks", "max_in_flight BETWEEN 1 AND 20")
    # New secrets are encrypted, in a table of their own; a sender moves those of before.
    op.alter_column("webhooks", "secret", nullable=True)
    op.create_foreign_key(
        "fk_webhooks_owner_id", "webhooks", "users", ["owner_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_webhooks_owner_id", "webhooks", ["owner_id"])
    op.execute(OWNERS)


def _of_webhook(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["webhook_id"], ["webhooks.id"], name=f"fk_{table}_webhook_id", ondelete="CASCADE"
    )


def _tables() -> None:
    op.create_table(
        "webhook_secrets",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("encrypted", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text()),
        sa.Column("previous_until", MOMENT),
        sa.CheckConstraint(ENCRYPTED.format("encrypted", "encrypted"), name="encrypted"),
        sa.CheckConstraint(ENCRYPTED.format("previous", "previous"), name="previous"),
        sa.CheckConstraint("(previous IS NULL) = (previous_until IS NULL)", name="previous_until"),
        _of_webhook("webhook_secrets"),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhook_secrets"),
    )
    op.create_table(
        "webhook_states",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("failing_since", MOMENT),
        sa.Column("last_status", sa.BigInteger()),
        sa.Column("open_until", MOMENT),
        sa.Column("warned_at", MOMENT),
        sa.Column(
            "disabled_for_failures",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column("lease_token", sa.Uuid()),
        sa.Column("leased_until", MOMENT),
        sa.CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name="lease_token"),
        _of_webhook("webhook_states"),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhook_states"),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("place", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed', 'held', 'withheld', 'expired')",
            name="status",
        ),
        _of_webhook("webhook_messages"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_messages"),
    )
    op.create_index(
        "uq_webhook_messages_event",
        "webhook_messages",
        ["webhook_id", "outbox_id", "type"],
        unique=True,
    )
    op.create_index("ix_webhook_messages_outbox_id", "webhook_messages", ["outbox_id"])
    op.create_index(
        "ix_webhook_messages_due",
        "webhook_messages",
        ["webhook_id", "due_at", "place"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.BigInteger()),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("response", sa.Text()),
        sa.CheckConstraint("length(error) <= 500", name="error"),
        sa.CheckConstraint("length(response) <= 1024", name="response"),
        _of_webhook("webhook_attempts"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_attempts"),
    )
    op.create_index("ix_webhook_attempts_webhook_id_id", "webhook_attempts", ["webhook_id", "id"])
    op.create_table(
        "outbox_retention",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_outbox_retention"),
    )
