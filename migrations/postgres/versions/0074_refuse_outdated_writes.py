"""Let a statement undo itself when the rows that it changes are no longer those that were read."""

from alembic import op

revision = "0074"
down_revision = "0071"
branch_labels = None
depends_on = None

CREATE = """
CREATE FUNCTION groundwork_refuse_outdated() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows have changed since they were read' USING ERRCODE = 'GW409';
END $$
"""


def upgrade() -> None:
    op.execute(CREATE)


def downgrade() -> None:
    op.execute("DROP FUNCTION groundwork_refuse_outdated()")
