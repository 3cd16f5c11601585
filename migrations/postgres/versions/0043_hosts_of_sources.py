"""Create hosts and cached robots.txt; give polling states a host, a start, and one due time.

The scheduler gives each source its host, by the public suffix list, before it claims.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
_ONE_ROW_A_SOURCE = "source_states has one row for each source: 100,000 take a second."
SQUAWK_IGNORED = {
    "adding-field-with-default": _ONE_ROW_A_SOURCE,
    "ban-drop-constraint": "The check takes more values than before.",
    "constraint-missing-not-valid": _ONE_ROW_A_SOURCE,
    "require-concurrent-index-creation": _ONE_ROW_A_SOURCE,
    "require-concurrent-index-deletion": _ONE_ROW_A_SOURCE,
}
# `new` is written by the previous release.
STATUSES = """
'new', 'pending', 'ok', 'unchanged', 'throttled', 'blocked', 'gone', 'moved', 'failing', 'disabled'
"""
# One time for each source: when it may be claimed. NULL: never, since it is disabled. A claimed
# source may be claimed again when its claim ends. A fetch that a user asked for comes first.
DUE_AT = """
CASE WHEN NOT enabled THEN NULL
WHEN claimed_until IS NOT NULL THEN claimed_until
WHEN asked_ticket IS NOT NULL THEN to_timestamp(0)
ELSE next_poll_at END
"""
# `ready_at` is never later than the time at which a source of the host may be claimed. It may be
# earlier; the claim then finds nothing and corrects it.
KNOW_HOSTS = """
CREATE FUNCTION groundwork_know_hosts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hosts AS h (host, ready_at)
    SELECT n.host, min(n.due_at) FROM new_rows n WHERE n.host <> '' GROUP BY n.host ORDER BY n.host
    ON CONFLICT (host) DO UPDATE SET ready_at = greatest(excluded.ready_at, h.next_allowed_at)
    WHERE excluded.ready_at IS NOT NULL
        AND (greatest(excluded.ready_at, h.next_allowed_at) < h.ready_at OR h.ready_at IS NULL);
    RETURN NULL;
END $$
"""
WAKE_HOSTS = """
CREATE FUNCTION groundwork_wake_hosts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hosts AS h (host, ready_at)
    SELECT n.host, min(n.due_at) FROM new_rows n JOIN old_rows o ON o.source_id = n.source_id
    WHERE n.host <> '' AND n.due_at IS NOT NULL
        AND (n.due_at IS DISTINCT FROM o.due_at OR n.host <> o.host)
    GROUP BY n.host ORDER BY n.host
    ON CONFLICT (host) DO UPDATE SET ready_at = greatest(excluded.ready_at, h.next_allowed_at)
    WHERE greatest(excluded.ready_at, h.next_allowed_at) < h.ready_at OR h.ready_at IS NULL;
    RETURN NULL;
END $$
"""
ENABLE = """
CREATE FUNCTION groundwork_enable_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE source_states SET enabled = NEW.enabled,
        status = CASE WHEN NEW.enabled THEN 'pending' WHEN status = 'gone' THEN 'gone'
            ELSE 'disabled' END,
        asked_ticket = CASE WHEN NEW.enabled THEN asked_ticket END
    WHERE source_id = NEW.id;
    RETURN NULL;
END $$
"""
TRIGGERS = (
    "CREATE TRIGGER know_hosts AFTER INSERT ON source_states REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_know_hosts()",
    "CREATE TRIGGER wake_hosts AFTER UPDATE ON source_states"
    " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_wake_hosts()",
    "CREATE TRIGGER enable_source AFTER UPDATE OF enabled ON sources FOR EACH ROW"
    " WHEN (OLD.enabled IS DISTINCT FROM NEW.enabled)"
    " EXECUTE FUNCTION groundwork_enable_source()",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("min_delay_ms", sa.BigInteger(), server_default="1000", nullable=False),
        sa.Column("max_in_flight", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("obey_robots", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column(
            "next_allowed_at", MOMENT, server_default=sa.text("to_timestamp(0)"), nullable=False
        ),
        sa.Column("delay_ms", sa.BigInteger(), server_default="1000", nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("mean_ms", sa.BigInteger(), nullable=True),
        sa.Column("crawl_delay_seconds", sa.Double(), nullable=True),
        sa.Column("claims", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("circuit_until", MOMENT, nullable=True),
        sa.Column("circuit_opened_at", MOMENT, nullable=True),
        sa.Column(
            "throttled_by",
            postgresql.ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint("length(host) BETWEEN 1 AND 253", name="host"),
        sa.CheckConstraint("min_delay_ms BETWEEN 0 AND 3600000", name="min_delay_ms"),
        sa.CheckConstraint("max_in_flight BETWEEN 1 AND 100", name="max_in_flight"),
        sa.CheckConstraint("cardinality(throttled_by) <= 10", name="throttled_by"),
        sa.PrimaryKeyConstraint("host", name="pk_hosts"),
    )
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("crawl_delay_seconds", sa.Double(), nullable=True),
        sa.CheckConstraint("length(origin) BETWEEN 1 AND 300", name="origin"),
        sa.CheckConstraint("status IN ('found', 'none', 'unreachable')", name="status"),
        sa.CheckConstraint("octet_length(body) <= 2000000", name="body_bytes"),
        sa.PrimaryKeyConstraint("origin", name="pk_robots"),
    )
    op.create_index("ix_robots_host_fetched_at", "robots", ["host", "fetched_at"])
    for column in (
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("fetch_at", MOMENT, nullable=True),
        sa.Column("fetching_until", MOMENT, nullable=True),
        sa.Column("asked_ticket", sa.Uuid(), nullable=True),
        sa.Column("http_status", sa.BigInteger(), nullable=True),
        sa.Column("due_at", MOMENT, sa.Computed(DUE_AT, persisted=True), nullable=True),
    ):
        op.add_column("source_states", column)
    op.execute(
        "ALTER TABLE source_states ALTER status SET DEFAULT 'pending',"
        " DROP CONSTRAINT ck_source_states_status"
    )
    op.execute(
        "UPDATE source_states t SET enabled = s.enabled,"
        " status = CASE WHEN NOT s.enabled THEN 'disabled' WHEN status = 'new' THEN 'pending'"
        " ELSE status END FROM sources s"
        " WHERE s.id = t.source_id AND (NOT s.enabled OR status = 'new')"
    )
    op.execute(
        "ALTER TABLE source_states"
        f" ADD CONSTRAINT ck_source_states_status CHECK (status IN ({STATUSES})),"
        " ADD CONSTRAINT ck_source_states_host CHECK (length(host) <= 253)"
    )
    op.execute("DROP INDEX ix_source_states_next_poll_at")
    op.execute("CREATE INDEX ix_source_states_host_due_at ON source_states (host, due_at)")
    op.execute("CREATE INDEX ix_source_states_due_at ON source_states (due_at)")
    op.execute(
        "CREATE INDEX ix_source_states_host_claimed_until ON source_states (host, claimed_until)"
        " WHERE claimed_until IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_hosts_ready_at ON hosts (ready_at)")
    for function in (KNOW_HOSTS, WAKE_HOSTS, ENABLE):
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("DROP TRIGGER enable_source ON sources")
    op.execute("DROP TRIGGER wake_hosts ON source_states")
    op.execute("DROP TRIGGER know_hosts ON source_states")
    for function in ("enable_source", "wake_hosts", "know_hosts"):
        op.execute(f"DROP FUNCTION groundwork_{function}()")
    op.execute("ALTER TABLE source_states DROP CONSTRAINT ck_source_states_status")
    op.execute(
        "UPDATE source_states SET status = CASE WHEN status IN ('pending', 'disabled') THEN 'new'"
        " WHEN status = 'moved' THEN 'ok' WHEN status IN ('ok', 'unchanged') THEN status"
        " ELSE 'failing' END"
    )
    op.execute(
        "ALTER TABLE source_states ALTER status SET DEFAULT 'new',"
        " ADD CONSTRAINT ck_source_states_status"
        " CHECK (status IN ('new', 'ok', 'unchanged', 'failing'))"
    )
    for column in (
        "due_at",
        "http_status",
        "asked_ticket",
        "fetching_until",
        "fetch_at",
        "enabled",
        "host",
    ):
        op.drop_column("source_states", column)
    op.execute("CREATE INDEX ix_source_states_next_poll_at ON source_states (next_poll_at)")
    op.drop_table("robots")
    op.drop_table("hosts")
