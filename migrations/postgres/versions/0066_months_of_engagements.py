"""Keep engagements in partitions by month; make those ahead, and drop those that have expired."""

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

SQUAWK_IGNORED = {"ban-drop-table": "Only in the text of a function that drops partitions."}
# A partition has a trigger of this name from its parent, or of its own.
BUMPED = (
    "CREATE TRIGGER bump_version BEFORE UPDATE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION groundwork_bump_version()"
)
OUTBOX = "groundwork_write_outbox('{}', 'engagements')"
TRACK = "groundwork_track_engagements()"
NEW, OLD = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
# Those of `engagements`, which fire for statements of the previous release only.
TRIGGERS = {
    "outbox_created": ("INSERT", NEW, OUTBOX),
    "outbox_updated": ("UPDATE", NEW, OUTBOX),
    "outbox_deleted": ("DELETE", OLD, OUTBOX),
    "sum_created": ("INSERT", NEW, "groundwork_add_engagements()"),
    "sum_updated": ("UPDATE", f"{OLD} {NEW}", "groundwork_move_engagements()"),
    "sum_deleted": ("DELETE", OLD, "groundwork_take_off_engagements()"),
    "track_created": ("INSERT", NEW, TRACK),
    "track_updated": ("UPDATE", f"{OLD} {NEW}", TRACK),
    "track_deleted": ("DELETE", OLD, TRACK),
}
# A table may say under which name its rows are known.
WRITE_OUTBOX = """
CREATE OR REPLACE FUNCTION groundwork_write_outbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    hidden text[] := TG_ARGV[0]::text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
        SELECT {name}, n.id, n.version, 'created', to_jsonb(n) - hidden FROM new_rows n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
        SELECT {name}, n.id, n.version, 'updated', to_jsonb(n) - hidden FROM new_rows n;
    ELSE
        INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
        SELECT {name}, o.id, greatest(o.version + 1, groundwork_version_floor()), 'deleted',
            to_jsonb(o) - hidden
        FROM old_rows o;
    END IF;
    RETURN NULL;
END $$
"""
SOURCE_OF_SUMS = """
DO $$
DECLARE
    name regprocedure;
BEGIN
    FOREACH name IN ARRAY ARRAY['groundwork_move_engagements()',
        'groundwork_take_off_engagements()']::regprocedure[]
    LOOP
        EXECUTE replace(pg_get_functiondef(name), 'FROM {old} e', 'FROM {new} e');
    END LOOP;
END $$
"""
ADD = """
    INSERT INTO engagement_sums AS s
        (distribution_id, bucket, at, kind, total, human, engagements, first_at, last_at)
    SELECT n.distribution_id, b.bucket, date_trunc(b.bucket, n.occurred_at, 'UTC'), n.kind,
        sum(n.count), coalesce(sum(n.count) FILTER (WHERE NOT n.automated), 0), count(*),
        min(n.occurred_at), max(n.occurred_at)
    FROM {table} n CROSS JOIN (VALUES ('day'), ('hour')) AS b(bucket)
    WHERE n.occurred_at >= first_day
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
# Sums of months that are no longer kept stay: their engagements are gone.
RECOUNT = """
CREATE OR REPLACE FUNCTION groundwork_recount_engagements(since timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_day timestamptz;
BEGIN
    LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;
    first_day := greatest(date_trunc('day', since, 'UTC'), {oldest});
    DELETE FROM engagement_sums WHERE at >= first_day;
    {add};
END $$
"""
# Functions of the application own nothing; so this one runs with its owner's rights. It waits two
# seconds at most for a lock, for others wait behind it; the next run tries again.
KEEP = """
CREATE FUNCTION groundwork_keep_engagements(today date, months integer, most integer,
    OUT made integer, OUT dropped integer, OUT removed integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s'
SET timezone = 'UTC' AS $$
DECLARE
    this timestamptz := date_trunc('month', today::timestamptz);
    kept engagement_retention;
    month timestamptz;
    name text;
    count integer;
BEGIN
    -- AI workers may call functions, but not delete engagements.
    IF NOT has_table_privilege(session_user, 'raw_engagements', 'DELETE') THEN
        RAISE insufficient_privilege USING MESSAGE = 'engagements are removed by others';
    END IF;
    made := 0; dropped := 0; removed := 0;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('groundwork:engagements', 0)) THEN
        RETURN;
    END IF;
    UPDATE engagement_retention SET kept_from = this - months * interval '1 month'
    WHERE kept_from < this - months * interval '1 month';
    SELECT * INTO kept FROM engagement_retention;
    FOR month IN
        SELECT this + n * interval '1 month' FROM generate_series(0, 2) n UNION
        SELECT date_trunc('month', o.occurred_at) FROM raw_engagements_others o
        WHERE o.occurred_at >= kept.kept_from AND o.occurred_at < this + interval '3 months'
        ORDER BY 1
    LOOP
        name := 'raw_engagements_' || to_char(month, 'YYYYMM');
        CONTINUE WHEN month < kept.monthly_from OR to_regclass(name) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE TABLE %I (LIKE raw_engagements INCLUDING DEFAULTS'
                ' INCLUDING CONSTRAINTS, CONSTRAINT %I PRIMARY KEY (id))', name, 'pk_' || name);
            EXECUTE format('WITH gone AS (DELETE FROM raw_engagements_others'
                ' WHERE occurred_at >= $1 AND occurred_at < $1 + interval ''1 month'' RETURNING *)'
                ' INSERT INTO %I SELECT * FROM gone', name) USING month;
            EXECUTE format('ALTER TABLE raw_engagements ATTACH PARTITION %I'
                ' FOR VALUES FROM (%L) TO (%L)', name, month, month + interval '1 month');
            made := made + 1;
        EXCEPTION WHEN lock_not_available OR check_violation OR deadlock_detected THEN NULL;
        END;
    END LOOP;
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'raw_engagements'::regclass
            AND c.relname ~ '^raw_engagements_[0-9]{6}$'
            AND c.relname < 'raw_engagements_' || to_char(kept.kept_from, 'YYYYMM')
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE %I', name);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available OR check_violation OR deadlock_detected THEN NULL;
        END;
    END LOOP;
    DELETE FROM raw_engagements_before WHERE id = ANY (ARRAY(
        SELECT b.id FROM raw_engagements_before b WHERE b.occurred_at < kept.kept_from
        ORDER BY b.occurred_at LIMIT most));
    GET DIAGNOSTICS count = ROW_COUNT;
    removed := removed + count;
    DELETE FROM raw_engagements_others WHERE occurred_at < kept.kept_from;
    GET DIAGNOSTICS count = ROW_COUNT;
    removed := removed + count;
    DELETE FROM engagement_ids WHERE id = ANY (ARRAY(
        SELECT k.id FROM engagement_ids k WHERE k.occurred_at < kept.kept_from
        ORDER BY k.occurred_at LIMIT most));
END $$
"""
ATTACH = """
DO $$ BEGIN
    LOCK TABLE engagements IN ACCESS EXCLUSIVE MODE;
    DROP TRIGGER bump_version ON engagements;
    ALTER TABLE raw_engagements_before ATTACH PARTITION engagements DEFAULT;
    ALTER TABLE engagements DROP CONSTRAINT ck_engagements_occurred_at;
END $$
"""
# What occurred in the months goes where it was before revision 0066.
DETACH = """
DO $$
DECLARE
    name text;
BEGIN
    LOCK TABLE raw_engagements, engagements IN ACCESS EXCLUSIVE MODE;
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'raw_engagements'::regclass
            AND c.relname ~ '^raw_engagements_[0-9]{6}$'
    LOOP
        EXECUTE format('ALTER TABLE raw_engagements DETACH PARTITION %I', name);
        EXECUTE format('INSERT INTO raw_engagements_others SELECT * FROM %I', name);
        EXECUTE format('DROP TABLE %I', name);
    END LOOP;
    ALTER TABLE raw_engagements_before DETACH PARTITION engagements;
    EXECUTE format('ALTER TABLE engagements ADD CONSTRAINT ck_engagements_occurred_at'
        ' CHECK (occurred_at < %L)', (SELECT monthly_from FROM engagement_retention));
END $$
"""


def upgrade() -> None:
    op.execute(WRITE_OUTBOX.format(name="coalesce(TG_ARGV[1], TG_TABLE_NAME)"))
    op.execute(ATTACH)
    op.execute(BUMPED.format(table="raw_engagements"))
    for name, (event, tables, function) in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON raw_engagements REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        )
    op.execute(
        "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON raw_engagements"
        " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_refuse_truncate()"
    )
    op.execute(SOURCE_OF_SUMS.format(old="engagements", new="raw_engagements"))
    oldest = "(SELECT kept_from FROM engagement_retention)"
    op.execute(_recount("raw_engagements", oldest))
    op.execute(KEEP)
    # Nothing is dropped before the setting is known.
    op.execute("SELECT groundwork_keep_engagements((now() AT TIME ZONE 'UTC')::date, 12000, 0)")


def downgrade() -> None:
    op.execute("DROP FUNCTION groundwork_keep_engagements(date, integer, integer)")
    for name in ("bump_version", "refuse_truncate", *TRIGGERS):
        op.execute(f"DROP TRIGGER {name} ON raw_engagements")
    op.execute(DETACH)
    op.execute(BUMPED.format(table="engagements"))
    op.execute(SOURCE_OF_SUMS.format(old="raw_engagements", new="engagements"))
    op.execute(_recount("engagements", "'-infinity'"))
    op.execute(WRITE_OUTBOX.format(name="TG_TABLE_NAME"))


def _recount(table: str, oldest: str) -> str:
    return RECOUNT.format(table=table, oldest=oldest, add=ADD.format(table=table))
