"""Refuse TRUNCATE of aggregates, because triggers could not record the deleted rows."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REFUSE = """
CREATE FUNCTION groundwork_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is not truncated: nobody would be told what is gone', TG_TABLE_NAME
        USING HINT = 'Use DELETE.', ERRCODE = 'insufficient_privilege';
END $$
"""

ON_TABLE = (
    "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I"
    " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_refuse_truncate()"
)
# Part of groundwork_make_aggregate(), so that later aggregates get the trigger as well.
WITH_VERSIONS = """
SELECT tgrelid::regclass AS name FROM pg_trigger
WHERE tgname = 'bump_version' AND tgfoid = 'groundwork_bump_version'::regproc
"""
EVERY = """
DO $do$
DECLARE
    aggregate record;
BEGIN
    FOR aggregate IN {which} LOOP
        EXECUTE format('{statement}', aggregate.name);
    END LOOP;
END $do$
"""

MAKE_AGGREGATE = """
CREATE OR REPLACE FUNCTION groundwork_make_aggregate(table_name text, hidden text[] DEFAULT '{{}}')
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
    {more}
END $$
"""
UNMAKE_AGGREGATE = """
CREATE OR REPLACE FUNCTION groundwork_unmake_aggregate(table_name text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
    names text[] := '{{bump_version,outbox_created,outbox_updated,outbox_deleted{more}}}';
BEGIN
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', name, table_name);
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Refuse TRUNCATE for every existing and later aggregate."""
    op.execute(REFUSE)
    op.execute(EVERY.format(which=WITH_VERSIONS, statement=ON_TABLE))
    op.execute(MAKE_AGGREGATE.format(more=f"EXECUTE format('{ON_TABLE}', table_name);"))
    op.execute(UNMAKE_AGGREGATE.format(more=",refuse_truncate"))


def downgrade() -> None:
    """Allow TRUNCATE again."""
    op.execute(
        EVERY.format(which=WITH_VERSIONS, statement="DROP TRIGGER IF EXISTS refuse_truncate ON %I")
    )
    op.execute(MAKE_AGGREGATE.format(more=""))
    op.execute(UNMAKE_AGGREGATE.format(more=""))
    op.execute("DROP FUNCTION groundwork_refuse_truncate()")
