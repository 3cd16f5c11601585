"""Keep polls for 30 days in daily partitions; remember where sources have moved to."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {
    "constraint-missing-not-valid": "source_states has one row for each source.",
    "ban-drop-table": "Only in the text of a function that drops partitions.",
}
MOMENT = sa.TIMESTAMP(timezone=True)
POLLS = """
CREATE TABLE polls (
    source_id uuid NOT NULL,
    at timestamptz NOT NULL,
    status text NOT NULL,
    http_status bigint,
    duration_ms bigint NOT NULL,
    bytes bigint NOT NULL,
    new bigint NOT NULL,
    changed bigint NOT NULL,
    error text,
    redirects bigint NOT NULL,
    requests bigint NOT NULL,
    CONSTRAINT ck_polls_status CHECK (length(status) <= 20),
    CONSTRAINT ck_polls_error CHECK (length(error) <= 40)
) PARTITION BY RANGE (at)
"""
# Functions of the application own nothing; so this one runs with its owner's rights. A row of a day
# without a partition goes to the one for all others.
KEEP_POLLS = """
CREATE FUNCTION groundwork_keep_polls(today date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    name text;
    changed integer := 0;
BEGIN
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
    for column in (
        sa.Column("redirect_to", sa.Text(), nullable=True),
        sa.Column("redirect_since", MOMENT, nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("last_success_at", MOMENT, nullable=True),
    ):
        op.add_column("source_states", column)
    op.execute(
        "ALTER TABLE source_states"
        " ADD CONSTRAINT ck_source_states_redirect_to CHECK (length(redirect_to) <= 2048),"
        " ADD CONSTRAINT ck_source_states_moved_to CHECK (length(moved_to) <= 2048)"
    )
    op.execute(POLLS)
    op.execute("CREATE INDEX ix_polls_source_id_at ON polls (source_id, at)")
    op.execute("CREATE TABLE polls_others PARTITION OF polls DEFAULT")
    op.execute(KEEP_POLLS)


def downgrade() -> None:
    op.execute("DROP FUNCTION groundwork_keep_polls(date, integer)")
    op.execute("DROP TABLE polls")
    for column in ("last_success_at", "moved_to", "redirect_since", "redirect_to"):
        op.drop_column("source_states", column)
