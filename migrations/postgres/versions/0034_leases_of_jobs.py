"""Give jobs leases with tokens, a stored order, pauses, checkpoints, and a list of attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
ZERO = sa.text("0")
WAITING = "status = 'queued' AND not_before IS NULL"
INDEXES = {
    "ix_jobs_order": ("(kind, sort_key, id)", WAITING),
    "ix_jobs_age": ("(kind, created_at, id)", WAITING),
    "ix_jobs_turn": ("(kind, party, priority, sort_key)", "status = 'queued'"),
    "ix_jobs_not_before": ("(not_before)", "status = 'queued' AND not_before IS NOT NULL"),
}
HIDDEN = (
    "{lease_token,checkpoint,party,turn_seconds,sort_key,lease_seconds,heard_at,progress_sent_at,"
    "silent_expiries,leases,outcome}"
)

# A job is queued one second after the last one of the same party, kind and priority that waits: a
# thousand jobs of one party are spread over a thousand seconds, and others come in between.
PLACE = """
CREATE FUNCTION groundwork_place_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last timestamp;
    own timestamp := (NEW.created_at AT TIME ZONE 'UTC') - NEW.priority * interval '5 minutes';
BEGIN
    IF NEW.party = '' THEN
        SELECT 'source:' || d.source_id INTO NEW.party FROM documents d
            WHERE d.id = NEW.document_id;
        IF NEW.party IS NULL THEN
            NEW.party := coalesce(
                nullif(current_setting('groundwork.actor', true), '')::jsonb ->> 'actor', '');
        END IF;
    END IF;
    SELECT max(j.sort_key) INTO last FROM jobs j
        WHERE j.kind = NEW.kind AND j.party = NEW.party AND j.priority = NEW.priority
            AND j.status = 'queued';
    NEW.turn_seconds := greatest(
        0, coalesce(extract(epoch FROM last + interval '1 second' - own), 0));
    RETURN NEW;
END $$
"""
# One row for each lease, whichever way the job was leased and the lease ended.
KEEP_ATTEMPTS = """
CREATE FUNCTION groundwork_keep_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE job_attempts a SET
        ended_at = clock_timestamp(),
        outcome = CASE WHEN n.status = 'leased' THEN 'expired'
                       ELSE coalesce(n.outcome, n.status) END,
        error = CASE WHEN n.outcome IN ('failed', 'expired') THEN n.error END
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE o.lease_token IS NOT NULL AND n.lease_token IS DISTINCT FROM o.lease_token
        AND a.lease_token = o.lease_token;
    INSERT INTO job_attempts (job_id, number, lease_token, worker)
    SELECT n.id, n.leases, n.lease_token, n.lease_owner
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE n.lease_token IS NOT NULL AND n.lease_token IS DISTINCT FROM o.lease_token;
    RETURN NULL;
END $$
"""
# A worker may report a thousand times a second: its job's listeners get one report a second.
WRITE_JOB_OUTBOX = """
CREATE OR REPLACE FUNCTION groundwork_write_job_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    SELECT TG_TABLE_NAME, n.id, n.version,
        CASE WHEN n.status = o.status AND (n.progress <> o.progress
                OR n.progress_sent_at IS DISTINCT FROM o.progress_sent_at)
             THEN 'progress' ELSE 'updated' END,
        to_jsonb(n) - '{hidden}'::text[]
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE (n.status = 'leased' AND n.lease_token = o.lease_token
        AND n.cancel_requested = o.cancel_requested
        AND n.progress_sent_at = o.progress_sent_at) IS NOT TRUE;
    RETURN NULL;
END $$
"""
WRITE_JOB_OUTBOX_BEFORE = """
CREATE OR REPLACE FUNCTION groundwork_write_job_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    SELECT TG_TABLE_NAME, n.id, n.version,
        CASE WHEN n.status = o.status AND n.progress <> o.progress
             THEN 'progress' ELSE 'updated' END,
        to_jsonb(n)
    FROM new_rows n JOIN old_rows o ON o.id = n.id;
    RETURN NULL;
END $$
"""


def _columns() -> list[sa.Column]:
    """Make the new columns; one belongs to one table for good."""
    return [
        sa.Column("party", sa.Text(), server_default="", nullable=False),
        sa.Column("turn_seconds", sa.Double(), server_default=ZERO, nullable=False),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_seconds", sa.BigInteger(), nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("progress_sent_at", MOMENT, nullable=True),
        sa.Column("silent_expiries", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("leases", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "sort_key",
            sa.TIMESTAMP(timezone=False),
            sa.Computed(
                "(created_at AT TIME ZONE 'UTC') - priority * interval '5 minutes'"
                " + turn_seconds * interval '1 second'",
                persisted=True,
            ),
            nullable=True,
        ),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    for column in _columns():
        op.add_column("jobs", column)
    op.execute(
        "ALTER TABLE jobs ADD CONSTRAINT ck_jobs_checkpoint_bytes"
        " CHECK (octet_length(checkpoint::text) <= 65536),"
        " ADD CONSTRAINT ck_jobs_message_length CHECK (char_length(message) <= 2000),"
        " ADD CONSTRAINT ck_jobs_reference_length CHECK (char_length(reference) <= 500)"
    )
    op.execute("DROP INDEX ix_jobs_waiting")
    for name, (columns, where) in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON jobs {columns} WHERE {where}")
    op.create_table(
        "job_attempts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column(
            "started_at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_attempts_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job_attempts"),
    )
    op.create_index("uq_job_attempts_lease_token", "job_attempts", ["lease_token"], unique=True)
    op.create_index("ix_job_attempts_job_id_number", "job_attempts", ["job_id", "number"])
    op.create_index("ix_job_attempts_ended_at", "job_attempts", ["ended_at"])
    op.execute(PLACE)
    op.execute(
        "CREATE TRIGGER place_job BEFORE INSERT ON jobs"
        " FOR EACH ROW EXECUTE FUNCTION groundwork_place_job()"
    )
    op.execute(KEEP_ATTEMPTS)
    op.execute(
        "CREATE TRIGGER keep_attempts AFTER UPDATE ON jobs"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_keep_attempts()"
    )
    op.execute(WRITE_JOB_OUTBOX.replace("{hidden}", HIDDEN))
    _hide(HIDDEN)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    _hide("{}")
    op.execute(WRITE_JOB_OUTBOX_BEFORE)
    for name in ("keep_attempts", "place_job"):
        op.execute(f"DROP TRIGGER {name} ON jobs")
        op.execute(f"DROP FUNCTION groundwork_{name}()")
    op.drop_table("job_attempts")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute(
        "CREATE INDEX ix_jobs_waiting ON jobs (kind, priority DESC, id) WHERE status = 'queued'"
    )
    op.execute(
        "ALTER TABLE jobs DROP CONSTRAINT ck_jobs_checkpoint_bytes,"
        " DROP CONSTRAINT ck_jobs_message_length, DROP CONSTRAINT ck_jobs_reference_length"
    )
    for column in reversed(_columns()):
        op.drop_column("jobs", column.name)


def _hide(columns: str) -> None:
    """Set which columns of jobs stay out of the outbox."""
    for event, rows in (("created", "NEW"), ("deleted", "OLD")):
        op.execute(f"DROP TRIGGER outbox_{event} ON jobs")
        op.execute(
            f"CREATE TRIGGER outbox_{event} AFTER {'INSERT' if rows == 'NEW' else 'DELETE'} ON jobs"
            f" REFERENCING {rows} TABLE AS {rows.lower()}_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox('{columns}')"
        )
