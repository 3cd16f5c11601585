"""Write attempts and changes of jobs by triggers of rows, which a status report does not fire."""

# ruff: noqa: S608 - their parts are constants

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {
    "ban-drop-function": "only its trigger calls it, which is replaced in the same transaction",
}

# Most updates are of one row, and a status report changes no lease: for it, a condition of the
# trigger is enough, while a trigger of the statement would collect the rows and join them.
KEEP_ATTEMPT = """
CREATE FUNCTION groundwork_keep_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.lease_token IS NOT NULL THEN
        UPDATE job_attempts SET
            ended_at = clock_timestamp(),
            outcome = CASE WHEN NEW.status = 'leased' THEN 'expired'
                           ELSE coalesce(NEW.outcome, NEW.status) END,
            error = CASE WHEN NEW.outcome IN ('failed', 'expired') THEN NEW.error END
        WHERE lease_token = OLD.lease_token;
    END IF;
    IF NEW.lease_token IS NOT NULL THEN
        INSERT INTO job_attempts (job_id, number, lease_token, worker)
        VALUES (NEW.id, NEW.leases, NEW.lease_token, NEW.lease_owner);
    END IF;
    RETURN NULL;
END $$
"""
KEEP_ATTEMPTS_BEFORE = """
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
HIDDEN = (
    "{lease_token,checkpoint,turn_seconds,sort_key,lease_seconds,heard_at,progress_sent_at,"
    "silent_expiries,leases,outcome}"
)
HIDDEN_BEFORE = (
    "{lease_token,checkpoint,party,turn_seconds,sort_key,lease_seconds,heard_at,progress_sent_at,"
    "silent_expiries,leases,outcome}"
)
REPORTED_ONLY = """(NEW.status = 'leased' AND NEW.lease_token = OLD.lease_token
    AND NEW.cancel_requested = OLD.cancel_requested
    AND NEW.progress_sent_at = OLD.progress_sent_at) IS TRUE"""
WRITE_JOB_OUTBOX = f"""
CREATE OR REPLACE FUNCTION groundwork_write_job_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    VALUES (TG_TABLE_NAME, NEW.id, NEW.version,
        CASE WHEN NEW.status = OLD.status AND (NEW.progress <> OLD.progress
                OR NEW.progress_sent_at IS DISTINCT FROM OLD.progress_sent_at)
             THEN 'progress' ELSE 'updated' END,
        to_jsonb(NEW) - '{HIDDEN}'::text[]);
    RETURN NULL;
END $$
"""
WRITE_JOB_OUTBOX_BEFORE = f"""
CREATE OR REPLACE FUNCTION groundwork_write_job_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    SELECT TG_TABLE_NAME, n.id, n.version,
        CASE WHEN n.status = o.status AND (n.progress <> o.progress
                OR n.progress_sent_at IS DISTINCT FROM o.progress_sent_at)
             THEN 'progress' ELSE 'updated' END,
        to_jsonb(n) - '{HIDDEN_BEFORE}'::text[]
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE (n.status = 'leased' AND n.lease_token = o.lease_token
        AND n.cancel_requested = o.cancel_requested
        AND n.progress_sent_at = o.progress_sent_at) IS NOT TRUE;
    RETURN NULL;
END $$
"""
# Leased and ended jobs leave dead rows at the front of the indexes of waiting ones.
STORAGE = {
    "fillfactor": "85",
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_threshold": "1000",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("DROP TRIGGER keep_attempts ON jobs")
    op.execute("DROP FUNCTION groundwork_keep_attempts()")
    op.execute(KEEP_ATTEMPT)
    op.execute(
        "CREATE TRIGGER keep_attempt AFTER UPDATE ON jobs FOR EACH ROW"
        " WHEN (OLD.lease_token IS DISTINCT FROM NEW.lease_token)"
        " EXECUTE FUNCTION groundwork_keep_attempt()"
    )
    op.execute("DROP TRIGGER outbox_updated ON jobs")
    op.execute(WRITE_JOB_OUTBOX)
    op.execute(
        f"CREATE TRIGGER outbox_updated AFTER UPDATE ON jobs FOR EACH ROW"
        f" WHEN (NOT ({REPORTED_ONLY})) EXECUTE FUNCTION groundwork_write_job_outbox()"
    )
    _hide(HIDDEN)
    settings = ", ".join(f"{name} = {value}" for name, value in STORAGE.items())
    op.execute(f"ALTER TABLE jobs SET ({settings})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(f"ALTER TABLE jobs RESET ({', '.join(STORAGE)})")
    _hide(HIDDEN_BEFORE)
    op.execute("DROP TRIGGER outbox_updated ON jobs")
    op.execute(WRITE_JOB_OUTBOX_BEFORE)
    op.execute(
        "CREATE TRIGGER outbox_updated AFTER UPDATE ON jobs"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_job_outbox()"
    )
    op.execute("DROP TRIGGER keep_attempt ON jobs")
    op.execute("DROP FUNCTION groundwork_keep_attempt()")
    op.execute(KEEP_ATTEMPTS_BEFORE)
    op.execute(
        "CREATE TRIGGER keep_attempts AFTER UPDATE ON jobs"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_keep_attempts()"
    )


def _hide(columns: str) -> None:
    """Set which columns of jobs stay out of the outbox when jobs are made and deleted."""
    for event, rows in (("created", "NEW"), ("deleted", "OLD")):
        op.execute(f"DROP TRIGGER outbox_{event} ON jobs")
        op.execute(
            f"CREATE TRIGGER outbox_{event} AFTER {'INSERT' if rows == 'NEW' else 'DELETE'} ON jobs"
            f" REFERENCING {rows} TABLE AS {rows.lower()}_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox('{columns}')"
        )
