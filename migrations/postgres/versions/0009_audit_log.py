"""Create the audit log, and a function that makes a table an aggregate (in 0005 by hand).

    SELECT groundwork_make_aggregate('webhooks', '{secret}');   -- versions and the outbox
    SELECT groundwork_audit('webhooks', '{secret}');            -- the audit log

The second argument names columns that are left out of the outbox, or not shown in the audit log.
Each function has a counterpart that drops the triggers again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MAKE_AGGREGATE = """
CREATE FUNCTION groundwork_make_aggregate(table_name text, hidden text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER bump_version BEFORE UPDATE ON %I'
        ' FOR EACH ROW EXECUTE FUNCTION groundwork_bump_version()', table_name);
    EXECUTE format('CREATE TRIGGER outbox_created AFTER INSERT ON %I'
        ' REFERENCING NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox(%L)', table_name, hidden);
    EXECUTE format('CREATE TRIGGER outbox_updated AFTER UPDATE ON %I'
        ' REFERENCING NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox(%L)', table_name, hidden);
    EXECUTE format('CREATE TRIGGER outbox_deleted AFTER DELETE ON %I'
        ' REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox(%L)', table_name, hidden);
END $$
"""
UNMAKE_AGGREGATE = """
CREATE FUNCTION groundwork_unmake_aggregate(table_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{bump_version,outbox_created,outbox_updated,outbox_deleted}'::text[] LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', name, table_name);
    END LOOP;
END $$
"""

# The transaction sets the actor: set_config('groundwork.actor', '{"actor": …}', true).
AUDIT_ACTOR = """
CREATE FUNCTION groundwork_actor() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('groundwork.actor', true), '')::jsonb,
        '{"actor": "system"}')
$$
"""

# As for the outbox, a trigger per statement records every write. Of a hidden column, the log only
# names that it changed.
WRITE_AUDIT = """
CREATE FUNCTION groundwork_write_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hidden text[] := TG_ARGV[0]::text[];
    subject text := replace(TG_TABLE_NAME, '_', '-');
    who jsonb := groundwork_actor();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit_events
            (action, actor, actor_id, address, request_id, subject_type, subject_id, after)
        SELECT subject || '.created', who ->> 'actor', (who ->> 'actor_id')::uuid,
            who ->> 'address', who ->> 'request_id', subject, n.id, to_jsonb(n) - hidden
        FROM new_rows n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO audit_events
            (action, actor, actor_id, address, request_id, subject_type, subject_id,
             before, after, detail)
        SELECT subject || '.updated', who ->> 'actor', (who ->> 'actor_id')::uuid,
            who ->> 'address', who ->> 'request_id', subject, n.id, to_jsonb(o) - hidden,
            to_jsonb(n) - hidden,
            (SELECT jsonb_build_object('changed_unseen', jsonb_agg(h ORDER BY h))
                FROM unnest(hidden) h
                WHERE to_jsonb(o) -> h IS DISTINCT FROM to_jsonb(n) -> h HAVING count(*) > 0)
        FROM new_rows n JOIN old_rows o ON o.id = n.id;
    ELSE
        INSERT INTO audit_events
            (action, actor, actor_id, address, request_id, subject_type, subject_id, before)
        SELECT subject || '.deleted', who ->> 'actor', (who ->> 'actor_id')::uuid,
            who ->> 'address', who ->> 'request_id', subject, o.id, to_jsonb(o) - hidden
        FROM old_rows o;
    END IF;
    RETURN NULL;
END $$
"""
AUDIT = """
CREATE FUNCTION groundwork_audit(table_name text, hidden text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit_created AFTER INSERT ON %I'
        ' REFERENCING NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_audit(%L)', table_name, hidden);
    EXECUTE format('CREATE TRIGGER audit_updated AFTER UPDATE ON %I'
        ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_audit(%L)', table_name, hidden);
    EXECUTE format('CREATE TRIGGER audit_deleted AFTER DELETE ON %I'
        ' REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_audit(%L)', table_name, hidden);
END $$
"""
UNAUDIT = """
CREATE FUNCTION groundwork_unaudit(table_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{audit_created,audit_updated,audit_deleted}'::text[] LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', name, table_name);
    END LOOP;
END $$
"""

REFUSE = """
CREATE FUNCTION groundwork_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION groundwork_refuse_change()
"""

AUDITED = {"users": "{password_hash,sessions_valid_from}", "roles": "{}", "sources": "{}"}
FUNCTIONS = (
    "groundwork_unaudit(text)",
    "groundwork_audit(text, text[])",
    "groundwork_write_audit()",
    "groundwork_actor()",
    "groundwork_unmake_aggregate(text)",
    "groundwork_make_aggregate(text, text[])",
)


def upgrade() -> None:
    """Create the table and the functions, and audit the existing tables."""
    now = sa.text("now()")
    op.create_table(
        "audit_events",
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("action ~ '^[a-z][a-z-]*[.][a-z_]+$'", name="ck_audit_events_action"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    for columns in (
        ["actor", "id"],
        ["actor_id", "id"],
        ["action", "id"],
        ["subject_id", "id"],
        ["created_at", "id"],
        ["request_id"],
    ):
        op.create_index("ix_audit_events_" + "_".join(columns), "audit_events", columns)
    op.execute(REFUSE)
    op.execute(APPEND_ONLY)
    for function in (
        MAKE_AGGREGATE,
        UNMAKE_AGGREGATE,
        AUDIT_ACTOR,
        WRITE_AUDIT,
        AUDIT,
        UNAUDIT,
    ):
        op.execute(function)
    for table, hidden in AUDITED.items():
        op.execute(f"SELECT groundwork_audit('{table}', '{hidden}')")


def downgrade() -> None:
    """Drop them, with all audit events."""
    for table in AUDITED:
        op.execute(f"SELECT groundwork_unaudit('{table}')")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("audit_events")
    op.execute("DROP FUNCTION groundwork_refuse_change()")
