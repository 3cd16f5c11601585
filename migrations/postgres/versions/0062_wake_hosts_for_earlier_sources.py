"""Wake a host only for a source that may be claimed earlier than before.

`hosts.ready_at` must not be later than the time at which a source of the host may be claimed; it
may be earlier. So a claim, and a poll whose next one is later, need not touch the host's row here.
"""

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

WAKE_HOSTS = """
CREATE OR REPLACE FUNCTION groundwork_wake_hosts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hosts AS h (host, ready_at)
    SELECT n.host, min(n.due_at) FROM new_rows n JOIN old_rows o ON o.source_id = n.source_id
    WHERE n.host <> '' AND n.due_at IS NOT NULL AND ({when})
    GROUP BY n.host ORDER BY n.host
    ON CONFLICT (host) DO UPDATE SET ready_at = greatest(excluded.ready_at, h.next_allowed_at)
    WHERE greatest(excluded.ready_at, h.next_allowed_at) < h.ready_at OR h.ready_at IS NULL;
    RETURN NULL;
END $$
"""
EARLIER = "o.due_at IS NULL OR n.due_at < o.due_at OR n.host <> o.host"
OTHER = "n.due_at IS DISTINCT FROM o.due_at OR n.host <> o.host"


def upgrade() -> None:
    op.execute(WAKE_HOSTS.format(when=EARLIER))


def downgrade() -> None:
    op.execute(WAKE_HOSTS.format(when=OTHER))
