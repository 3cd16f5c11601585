"""Prepare partitions of engagements by month, and remember the ids of all of them.

The table `engagements` becomes the first partition of `raw_engagements` in revision 0066. It holds
all that occurs before a month that begins 31 to 62 days later, so the previous release goes on
reading and writing it by its name until then. Where nobody has served yet, months begin at once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {
    "adding-foreign-key-constraint": "The table is new and empty.",
    "require-concurrent-index-creation": "As above.",
}
MOMENT = sa.TIMESTAMP(timezone=True)
FIRST_MONTH = """
INSERT INTO engagement_retention (kept_from, monthly_from)
SELECT '0001-01-01T00:00Z', (CASE WHEN EXISTS (SELECT FROM users)
    THEN date_trunc('month', now() AT TIME ZONE 'UTC' + interval '31 days') + interval '1 month'
    ELSE date_trunc('month', now() AT TIME ZONE 'UTC') END) AT TIME ZONE 'UTC'
"""
# Statement triggers fire for the table that a statement names. Retention deletes from
# `raw_engagements_before`, which has none: sums stay, and no event is sent.
PARTITIONS = """
DO $$ BEGIN
    EXECUTE format('CREATE TABLE raw_engagements_before PARTITION OF raw_engagements'
        ' FOR VALUES FROM (MINVALUE) TO (%L) PARTITION BY RANGE (occurred_at)',
        (SELECT monthly_from FROM engagement_retention));
END $$
"""
# Those of `engagements`, so that none is built when it becomes a partition.
INDEXES = {
    "created_at_id": "(created_at, id)",
    "distribution_id_id": "(distribution_id, id)",
    "distribution_id_occurred_at": "(distribution_id, occurred_at)",
    "kind_id": "(kind, id)",
    "occurred_at_id": "(occurred_at, id)",
    "recipient": "(recipient, distribution_id, occurred_at) WHERE link IS NOT NULL",
    "updated_at_id": "(updated_at, id)",
}
TRACK = """
CREATE FUNCTION groundwork_track_engagements() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    oldest timestamptz;
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Those of a batch are there already.
        INSERT INTO engagement_ids (id, occurred_at)
        SELECT n.id, n.occurred_at FROM new_rows n
        WHERE NOT EXISTS (SELECT FROM engagement_ids k WHERE k.id = n.id)
        ORDER BY n.id ON CONFLICT (id) DO NOTHING;
        -- The previous release does not know this limit.
        SELECT r.kept_from INTO oldest FROM engagement_retention r
        WHERE TG_TABLE_NAME = 'raw_engagements'
            AND EXISTS (SELECT FROM new_rows n WHERE n.occurred_at < r.kept_from);
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE engagement_ids k SET occurred_at = n.occurred_at FROM new_rows n
        WHERE k.id = n.id AND k.occurred_at <> n.occurred_at;
        SELECT r.kept_from INTO oldest FROM engagement_retention r
        WHERE TG_TABLE_NAME = 'raw_engagements' AND EXISTS (
            SELECT FROM new_rows n JOIN old_rows o ON o.id = n.id
            WHERE n.occurred_at < r.kept_from AND n.occurred_at <> o.occurred_at);
    ELSE
        DELETE FROM engagement_ids k USING old_rows o WHERE k.id = o.id;
    END IF;
    IF oldest IS NOT NULL THEN
        RAISE check_violation USING COLUMN = 'occurred_at',
            MESSAGE = 'an engagement is older than those that are kept', HINT = 'is before '
            || to_char(oldest AT TIME ZONE 'UTC', 'YYYY-MM-DD')
            || '; engagements before that day are no longer kept';
    END IF;
    RETURN NULL;
END $$
"""
TRACKED = {
    "track_created": ("INSERT", "NEW TABLE AS new_rows"),
    "track_updated": ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    "track_deleted": ("DELETE", "OLD TABLE AS old_rows"),
}
# What occurs after the first partition's end; the rest has to be true when it becomes a partition.
BOUND = """
DO $$
DECLARE
    bound timestamptz := (SELECT monthly_from FROM engagement_retention);
BEGIN
    LOCK TABLE engagements IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE engagements DISABLE TRIGGER USER;
    WITH gone AS (DELETE FROM engagements WHERE occurred_at >= bound RETURNING *)
    INSERT INTO raw_engagements_others SELECT * FROM gone;
    ALTER TABLE engagements ENABLE TRIGGER USER;
    EXECUTE format('ALTER TABLE engagements ADD CONSTRAINT ck_engagements_occurred_at'
        ' CHECK (occurred_at < %L) NOT VALID', bound);
END $$
"""
UNBOUND = """
DO $$ BEGIN
    LOCK TABLE engagements IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE engagements DROP CONSTRAINT ck_engagements_occurred_at;
    ALTER TABLE engagements DISABLE TRIGGER USER;
    INSERT INTO engagements SELECT * FROM raw_engagements_others ON CONFLICT DO NOTHING;
    ALTER TABLE engagements ENABLE TRIGGER USER;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "engagement_ids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_engagement_ids"),
    )
    op.create_index("ix_engagement_ids_occurred_at", "engagement_ids", ["occurred_at"])
    op.create_table(
        "engagement_retention",
        sa.Column("name", sa.Text(), server_default="engagements", nullable=False),
        sa.Column("kept_from", MOMENT, nullable=False),
        sa.Column("monthly_from", MOMENT, nullable=False),
        sa.CheckConstraint("name = 'engagements'", name="name"),
        sa.PrimaryKeyConstraint("name", name="pk_engagement_retention"),
    )
    op.execute(FIRST_MONTH)
    op.execute(
        "CREATE TABLE raw_engagements (LIKE engagements INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        " PARTITION BY RANGE (occurred_at)"
    )
    op.execute(
        "ALTER TABLE raw_engagements ADD CONSTRAINT fk_raw_engagements_distribution_id"
        " FOREIGN KEY (distribution_id) REFERENCES distributions (id) ON DELETE CASCADE"
    )
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX ix_raw_engagements_{name} ON raw_engagements {columns}")
    op.execute(PARTITIONS)
    op.execute("CREATE TABLE raw_engagements_others PARTITION OF raw_engagements DEFAULT")
    op.execute(
        "ALTER TABLE raw_engagements_others"
        " ADD CONSTRAINT pk_raw_engagements_others PRIMARY KEY (id)"
    )
    op.execute(TRACK)
    for name, (event, tables) in TRACKED.items():
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON engagements REFERENCING {tables}"
            " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_track_engagements()"
        )
    op.execute(BOUND)


def downgrade() -> None:
    for name in TRACKED:
        op.execute(f"DROP TRIGGER {name} ON engagements")
    op.execute("DROP FUNCTION groundwork_track_engagements()")
    op.execute(UNBOUND)
    for table in ("raw_engagements", "engagement_retention", "engagement_ids"):
        op.drop_table(table)
