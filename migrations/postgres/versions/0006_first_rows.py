"""Insert required rows: the relay's cursors and lease, and the built-in roles."""

import json

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KNOWLEDGE = ("documents", "entities", "relationships", "embeddings", "jobs", "sources", "contents")
ALL = (
    *KNOWLEDGE,
    "users",
    "roles",
    "configurations",
    "preferences",
    "distributions",
    "deliveries",
    "engagements",
    "api-keys",
    "webhooks",
    "audit-events",
)
EDITED = ("sources", "entities", "relationships", "contents", "distributions", "preferences")
ANALYSED = ("entities", "relationships", "embeddings", "jobs", "preferences")
HANDED_IN = ("documents", "jobs", "entities", "relationships", "embeddings", "deliveries")


def _read(resources: tuple[str, ...]) -> list[str]:
    return [f"{name}:read" for name in resources]


def _write(resources: tuple[str, ...]) -> list[str]:
    return [f"{name}:write" for name in resources]


OWN = ["preferences:read", "preferences:write", "api-keys:read", "api-keys:write"]
BROWSED = (*KNOWLEDGE, "distributions", "engagements")
ROLES = {
    "admin": [*_read(ALL), *_write(tuple(name for name in ALL if name != "audit-events"))],
    "editor": [*_read(BROWSED), *_write(EDITED), *OWN],
    "analyst": [*_read(BROWSED), *_write(ANALYSED), *OWN],
    "viewer": [*_read(BROWSED), *OWN],
    "service": [*_read(BROWSED), *_write((*HANDED_IN, "engagements"))],
}


def upgrade() -> None:
    """Insert the rows that do not exist."""
    connection = op.get_bind()
    connection.execute(text("INSERT INTO relay_lease (name) VALUES ('relay')"))
    for destination in ("graph", "queues", "live"):
        connection.execute(
            text("INSERT INTO outbox_cursors (destination) VALUES (:name)"), {"name": destination}
        )
    for name, permissions in ROLES.items():
        connection.execute(
            text(
                "INSERT INTO roles (name, permissions, builtin) VALUES (:name,"
                " ARRAY(SELECT jsonb_array_elements_text(CAST(:permissions AS jsonb))), true)"
            ),
            {"name": name, "permissions": json.dumps(sorted(set(permissions)))},
        )


def downgrade() -> None:
    """Delete them."""
    for table in ("relay_lease", "outbox_cursors", "roles"):
        op.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand above
