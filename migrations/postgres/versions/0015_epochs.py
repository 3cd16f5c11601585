"""Create epochs: after a restore, new versions and seqs are higher than all that were lost.

The graph, listeners and ETags rely on versions. A restored database would assign the same versions
to other states again. So each epoch has a floor, the microseconds of its beginning: the first
change of a row in it gets at least that version, which no earlier epoch can have reached.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# A constant, so that writes need not read a table. `groundwork_begin_epoch` replaces it.
FLOOR = """
CREATE FUNCTION groundwork_version_floor() RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 0::bigint'
"""

# A restored dump is in another cluster or database; a base backup that was rolled forward, or a
# promoted replica, has another timeline.
IDENTITY = """
CREATE FUNCTION groundwork_server_identity() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(':', s.system_identifier, c.timeline_id, d.oid)
    FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
    WHERE d.datname = current_database()
$$
"""

# Transaction numbers belong to a server, so rows and cursors get new ones: 1 for rows that every
# destination has received, 2 for the rest, which are then read in the order of their ids, the order
# of changes of one aggregate. On every server, transactions with such low numbers have ended.
BEGIN = """
CREATE FUNCTION groundwork_begin_epoch(why text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_floor bigint;
    had_xid xid8;
    had_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('groundwork:outbox:' || c.destination, 0))
    FROM (SELECT destination FROM outbox_cursors ORDER BY destination) c;
    LOCK TABLE epochs, outbox, outbox_cursors IN SHARE ROW EXCLUSIVE MODE;
    new_floor := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                          groundwork_version_floor() + 1);
    SELECT c.xid, c.id INTO had_xid, had_id FROM outbox_cursors c ORDER BY c.xid, c.id LIMIT 1;
    UPDATE outbox o SET seq = NULL,
        xid = CASE WHEN (o.xid, o.id) <= (had_xid, had_id) THEN '1'::xid8 ELSE '2'::xid8 END;
    UPDATE outbox_cursors SET xid = '1', id = 9223372036854775807,
        seq = greatest(seq, new_floor);
    EXECUTE format('CREATE OR REPLACE FUNCTION groundwork_version_floor() RETURNS bigint'
        ' LANGUAGE sql IMMUTABLE PARALLEL SAFE AS ''SELECT %s::bigint''', new_floor);
    INSERT INTO epochs (floor, reason, server)
    VALUES (new_floor, why, groundwork_server_identity());
    RETURN new_floor;
END $$
"""

# Called with every migration, so at every start and deployment.
NOTICE = """
CREATE FUNCTION groundwork_notice_restore() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last_server text;
BEGIN
    LOCK TABLE epochs IN SHARE ROW EXCLUSIVE MODE;
    SELECT server INTO last_server FROM epochs ORDER BY number DESC LIMIT 1;
    IF last_server IS NULL THEN
        INSERT INTO epochs (floor, reason, server)
        VALUES (groundwork_version_floor(), 'the beginning', groundwork_server_identity());
        RETURN NULL;
    END IF;
    IF last_server = groundwork_server_identity() THEN
        RETURN NULL;
    END IF;
    RETURN groundwork_begin_epoch('this is another server than the data was written on');
END $$
"""

BUMP_VERSION = """
CREATE OR REPLACE FUNCTION groundwork_bump_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.version := {version};
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$
"""

WRITE_OUTBOX = """
CREATE OR REPLACE FUNCTION groundwork_write_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
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
        SELECT TG_TABLE_NAME, o.id, {version}, 'deleted', to_jsonb(o) - hidden
        FROM old_rows o;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Create the table and functions; the floor of versions is 0 until a restore."""
    op.create_table(
        "epochs",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column(
            "began_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("number", name="pk_epochs"),
    )
    for body in (FLOOR, IDENTITY, BEGIN, NOTICE):
        op.execute(body)
    floor = "greatest({0}.version + 1, groundwork_version_floor())"
    op.execute(BUMP_VERSION.format(version=floor.format("OLD")))
    op.execute(WRITE_OUTBOX.format(version=floor.format("o")))


def downgrade() -> None:
    """Drop them; versions then continue from their current values."""
    op.execute(BUMP_VERSION.format(version="OLD.version + 1"))
    op.execute(WRITE_OUTBOX.format(version="o.version + 1"))
    for signature in (
        "groundwork_notice_restore()",
        "groundwork_begin_epoch(text)",
        "groundwork_server_identity()",
        "groundwork_version_floor()",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("epochs")
