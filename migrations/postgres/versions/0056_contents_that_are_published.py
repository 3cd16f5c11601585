"""Let the outbox tell again when a content reaches a status: 0052 made its triggers anew."""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

HIDDEN = "{body,search}"


def upgrade() -> None:
    _write_with("groundwork_write_status_outbox", " OLD TABLE AS old_rows")


def downgrade() -> None:
    _write_with("groundwork_write_outbox", "")


def _write_with(function: str, old_rows: str) -> None:
    for event, verb, more in (("created", "INSERT", ""), ("updated", "UPDATE", old_rows)):
        op.execute(f"DROP TRIGGER outbox_{event} ON contents")
        op.execute(
            f"CREATE TRIGGER outbox_{event} AFTER {verb} ON contents"
            f" REFERENCING{more} NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}('{HIDDEN}')"
        )
