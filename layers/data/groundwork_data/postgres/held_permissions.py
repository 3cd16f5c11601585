"""Permissions of accounts and roles, read from Postgres under a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# Two statements: one statement that locks and joins would read the roles as they were before it
# waited for the lock.
LOCK_USER = "SELECT FROM users WHERE id = %s FOR NO KEY UPDATE"
OF_USER = (
    "SELECT DISTINCT unnest(r.permissions) FROM users u JOIN roles r ON r.name = ANY(u.roles)"
    " WHERE u.id = %s"
)
OF_ROLE = "SELECT permissions FROM roles WHERE id = %s FOR NO KEY UPDATE"


class PostgresAuthority:
    """Implements `Authority`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def of_user(self, user_id: UUID) -> frozenset[str]:
        """Return an account's permissions, and lock the account against changes."""
        self._connection.execute(LOCK_USER, (user_id,))
        return frozenset(row[0] for row in self._connection.execute(OF_USER, (user_id,)))

    def of_role(self, role_id: UUID) -> frozenset[str]:
        """Return a role's permissions, and lock the role against changes."""
        row = self._connection.execute(OF_ROLE, (role_id,)).fetchone()
        return frozenset(row[0]) if row else frozenset()
