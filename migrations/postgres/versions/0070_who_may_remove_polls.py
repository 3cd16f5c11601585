"""Let only those who may delete polls drop the partitions of old polls.

The function runs with its owner's rights, and every login could call it, such as that of an AI
worker.
"""

from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {"ban-drop-table": "Only in the text of a function that drops partitions."}
CHECK = """
    IF NOT has_table_privilege(session_user, 'polls', 'DELETE') THEN
        RAISE insufficient_privilege USING MESSAGE = 'this login may not remove polls';
    END IF;
"""
# All but the check is the text of 0054.
BEFORE = """
CREATE OR REPLACE FUNCTION groundwork_keep_polls(today date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    name text;
    changed integer := 0;
BEGIN
"""
AFTER = """
    FOR day IN SELECT today + n FROM generate_series(0, 2) n LOOP
        name := 'polls_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        CONTINUE WHEN EXISTS (SELECT FROM polls_others WHERE at >= day::timestamp AT TIME ZONE 'UTC'
            AND at < (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I PARTITION OF polls FOR VALUES FROM (%L) TO (%L)', name,
            day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        changed := changed + 1;
    END LOOP;
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'polls'::regclass AND c.relname ~ '^polls_[0-9]{8}$'
            AND c.relname < 'polls_' || to_char(today - days, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        changed := changed + 1;
    END LOOP;
    DELETE FROM polls_others WHERE at < (today - days)::timestamp AT TIME ZONE 'UTC';
    RETURN changed;
END $$
"""


def upgrade() -> None:
    op.execute(BEFORE + CHECK + AFTER)


def downgrade() -> None:
    op.execute(BEFORE + AFTER)
