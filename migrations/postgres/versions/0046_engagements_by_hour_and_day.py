"""Sum engagements by hour and day; know who acted, on which link, and why it was no person."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

CHECKS = {
    "recipient": "length(recipient) BETWEEN 1 AND 600",
    "link": "length(link) BETWEEN 1 AND 2048",
    "automated_reason": "automated_reason IN ('agent', 'soon', 'many_links')",
}
# Rows of one statement are added up first, so that a batch of a thousand writes each sum once. In
# the order of keys, so that two batches wait for each other instead of deadlocking.
ADD = """
    INSERT INTO engagement_sums AS s
        (distribution_id, bucket, at, kind, total, human, engagements, first_at, last_at)
    SELECT n.distribution_id, b.bucket, date_trunc(b.bucket, n.occurred_at, 'UTC'), n.kind,
        sum(n.count), coalesce(sum(n.count) FILTER (WHERE NOT n.automated), 0), count(*),
        min(n.occurred_at), max(n.occurred_at)
    FROM {rows} n CROSS JOIN (VALUES ('day'), ('hour')) AS b(bucket)
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (distribution_id, bucket, at, kind) DO UPDATE SET
        total = s.total + excluded.total, human = s.human + excluded.human,
        engagements = s.engagements + excluded.engagements,
        first_at = least(s.first_at, excluded.first_at),
        last_at = greatest(s.last_at, excluded.last_at);
"""
# What first_at and last_at become, only the engagements that are left tell.
TAKE_OFF = """
    UPDATE engagement_sums s SET total = s.total - o.total, human = s.human - o.human,
        engagements = s.engagements - o.engagements,
        first_at = coalesce((SELECT min(e.occurred_at) FROM engagements e
            WHERE e.distribution_id = s.distribution_id AND e.kind = s.kind
                AND e.occurred_at >= s.at AND e.occurred_at < s.at + ('1 ' || s.bucket)::interval),
            s.first_at),
        last_at = coalesce((SELECT max(e.occurred_at) FROM engagements e
            WHERE e.distribution_id = s.distribution_id AND e.kind = s.kind
                AND e.occurred_at >= s.at AND e.occurred_at < s.at + ('1 ' || s.bucket)::interval),
            s.last_at)
    FROM (
        SELECT o.distribution_id, b.bucket, date_trunc(b.bucket, o.occurred_at, 'UTC') AS at,
            o.kind, sum(o.count) AS total,
            coalesce(sum(o.count) FILTER (WHERE NOT o.automated), 0) AS human,
            count(*) AS engagements
        FROM old_rows o CROSS JOIN (VALUES ('day'), ('hour')) AS b(bucket)
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4) o
    WHERE s.distribution_id = o.distribution_id AND s.bucket = o.bucket AND s.at = o.at
        AND s.kind = o.kind;
    DELETE FROM engagement_sums s USING old_rows o
    WHERE s.distribution_id = o.distribution_id AND s.engagements <= 0
        AND s.at = date_trunc(s.bucket, o.occurred_at, 'UTC') AND s.kind = o.kind;
"""
FUNCTIONS = {
    "groundwork_add_engagements": ADD.format(rows="new_rows"),
    "groundwork_move_engagements": TAKE_OFF + ADD.format(rows="new_rows"),
    "groundwork_take_off_engagements": TAKE_OFF,
}
TRIGGERS = {
    "sum_created": ("INSERT", "NEW TABLE AS new_rows", "groundwork_add_engagements"),
    "sum_updated": (
        "UPDATE",
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "groundwork_move_engagements",
    ),
    "sum_deleted": ("DELETE", "OLD TABLE AS old_rows", "groundwork_take_off_engagements"),
}
# Sums of hours of which no engagement is left are those of expired ones, and stay.
RECOUNT = f"""
CREATE FUNCTION groundwork_recount_engagements(since timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_day timestamptz := date_trunc('day', since, 'UTC');
BEGIN
    LOCK TABLE engagements IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM engagement_sums WHERE at >= first_day;
    {ADD.format(rows="(SELECT * FROM engagements WHERE occurred_at >= first_day)")}
END $$
"""  # noqa: S608 - its parts are constants


def upgrade() -> None:
    for column in ("recipient", "link", "automated_reason"):
        op.add_column("engagements", sa.Column(column, sa.Text()))
    for name, condition in CHECKS.items():
        op.create_check_constraint(name, "engagements", condition, postgresql_not_valid=True)
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "engagement_sums",
        sa.Column("distribution_id", sa.Uuid(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("human", sa.BigInteger(), nullable=False),
        sa.Column("engagements", sa.BigInteger(), nullable=False),
        sa.Column("first_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.CheckConstraint("bucket IN ('hour', 'day')", name="bucket"),
        sa.PrimaryKeyConstraint(
            "distribution_id", "bucket", "at", "kind", name="pk_engagement_sums"
        ),
        sa.ForeignKeyConstraint(
            ["distribution_id"],
            ["distributions.id"],
            name="fk_engagement_sums_distribution_id",
            ondelete="CASCADE",
        ),
    )
    for function, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN {body} RETURN NULL; END $$"
        )
    for name, (event, tables, function) in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON engagements REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(RECOUNT)
    op.execute("SELECT groundwork_recount_engagements('-infinity')")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON engagements")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("DROP FUNCTION groundwork_recount_engagements(timestamptz)")
    op.drop_table("engagement_sums")
    for column in ("automated_reason", "link", "recipient"):
        op.drop_column("engagements", column)
