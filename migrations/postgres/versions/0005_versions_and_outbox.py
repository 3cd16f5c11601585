"""Create triggers that increment versions and write the outbox with every change."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BUMP_VERSION = """
CREATE FUNCTION groundwork_bump_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$
"""

# Once per statement, not per row: a bulk upsert writes its outbox rows in one statement. The
# arguments are columns that are left out of the outbox (long texts, secrets).
WRITE_OUTBOX = """
CREATE FUNCTION groundwork_write_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hidden text[] := TG_ARGV[0]::text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
        SELECT TG_TABLE_NAME, n.id, n.version, 'created', to_jsonb(n) - hidden FROM new_rows n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
        SELECT TG_TABLE_NAME, n.id, n.version, 'updated', to_jsonb(n) - hidden FROM new_rows n;
    ELSE
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
        SELECT TG_TABLE_NAME, o.id, o.version + 1, 'deleted', to_jsonb(o) - hidden FROM old_rows o;
    END IF;
    RETURN NULL;
END $$
"""

# A change of a job's progress alone gets the kind `progress`, so that listeners can distinguish it.
WRITE_JOB_OUTBOX = """
CREATE FUNCTION groundwork_write_job_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
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

AGGREGATES = {
    "users": "{password_hash,sessions_valid_from}",
    "roles": "{}",
    "sources": "{}",
    "documents": "{content,summary,metadata}",
    "jobs": "{}",
    "entities": "{}",
    "relationships": "{}",
}


def upgrade() -> None:
    """Create the functions, and their triggers on every aggregate."""
    op.execute(BUMP_VERSION)
    op.execute(WRITE_OUTBOX)
    op.execute(WRITE_JOB_OUTBOX)
    for table, hidden in AGGREGATES.items():
        op.execute(
            f"CREATE TRIGGER bump_version BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION groundwork_bump_version()"
        )
        op.execute(
            f"CREATE TRIGGER outbox_created AFTER INSERT ON {table}"
            " REFERENCING NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox('{hidden}')"
        )
        on_update = (
            "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_job_outbox()"
            if table == "jobs"
            else "REFERENCING NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox('{hidden}')"
        )
        op.execute(f"CREATE TRIGGER outbox_updated AFTER UPDATE ON {table} {on_update}")
        op.execute(
            f"CREATE TRIGGER outbox_deleted AFTER DELETE ON {table}"
            " REFERENCING OLD TABLE AS old_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox('{hidden}')"
        )


def downgrade() -> None:
    """Drop the triggers and functions."""
    for table in AGGREGATES:
        for trigger in ("bump_version", "outbox_created", "outbox_updated", "outbox_deleted"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("DROP FUNCTION groundwork_write_job_outbox()")
    op.execute("DROP FUNCTION groundwork_write_outbox()")
    op.execute("DROP FUNCTION groundwork_bump_version()")
