"""Make the role of AI workers, and let the outbox's trigger run with its owner's rights.

What the role may do is given after each migration (`groundwork_data.postgres.worker_role`).
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

WRITE_OUTBOX = "groundwork_write_outbox()"
MAKE = """
DO $$ BEGIN
    CREATE ROLE ai_worker NOLOGIN;
EXCEPTION
    -- It belongs to the server, which other databases share; or an administrator makes it.
    WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$
"""
DISOWN = """
DO $$ BEGIN
    DROP OWNED BY ai_worker;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN NULL;
END $$
"""
UNMAKE = """
DO $$ BEGIN
    DROP ROLE ai_worker;
EXCEPTION
    -- Another database of the server grants it something, or it is the administrator's.
    WHEN dependent_objects_still_exist OR insufficient_privilege OR undefined_object THEN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(f"ALTER FUNCTION {WRITE_OUTBOX} SECURITY DEFINER SET search_path = public, pg_temp")
    op.execute(f"REVOKE EXECUTE ON FUNCTION {WRITE_OUTBOX} FROM PUBLIC")
    op.execute(MAKE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(DISOWN)
    op.execute(UNMAKE)
    op.execute(f"ALTER FUNCTION {WRITE_OUTBOX} SECURITY INVOKER RESET search_path")
    op.execute(f"GRANT EXECUTE ON FUNCTION {WRITE_OUTBOX} TO PUBLIC")
