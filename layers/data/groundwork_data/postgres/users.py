"""Accounts in Postgres."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.identity.model import Account, UserRow

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

END_SESSIONS = """
UPDATE users SET sessions_valid_from = CASE
    WHEN sessions_valid_from BETWEEN %(now)s AND %(now)s + interval '1 minute'
    THEN sessions_valid_from + interval '1 microsecond' ELSE %(now)s END
WHERE id = %(id)s
"""
"""The time moves forward even if this machine's clock is a little behind the clock of the last end.
So no session is revived, and a login under way notices the end."""
USER = "SELECT id, email, roles, status, password_hash, sessions_valid_from FROM users"


class PostgresUsers:
    """Implements `UserStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def get(self, user_id: UUID) -> Account | None:
        """Return an account."""
        return self._one(f"{USER} WHERE id = %s", user_id)

    def held(self, user_id: UUID) -> Account | None:
        """Return an account, locked against changes until the transaction ends."""
        return self._one(f"{USER} WHERE id = %s FOR SHARE", user_id)

    def by_email(self, email: str) -> Account | None:
        """Return the account with an email address, ignoring case."""
        if "\0" in email:  # no address contains NUL, and Postgres rejects it as a parameter
            return None
        return self._one(f"{USER} WHERE lower(email) = lower(%s)", email)

    def add(self, user: UserRow) -> UUID:
        """Insert an account and return its id. Raises Conflict if the address is taken."""
        row = self._connection.execute(
            "INSERT INTO users (email, name, roles, password_hash) VALUES (%s, %s, %s, %s)"
            " RETURNING id",
            (user.email, user.name, list(user.roles), user.password_hash),
        ).fetchone()
        assert row is not None  # noqa: S101 - RETURNING of one inserted row
        made: UUID = row[0]
        return made

    def any_admin(self) -> bool:
        """Return whether an active admin exists."""
        row = self._connection.execute(
            "SELECT EXISTS (SELECT FROM users WHERE 'admin' = ANY(roles) AND status = 'active')"
        ).fetchone()
        return bool(row and row[0])

    def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Set the password hash; sessions stay valid."""
        self._connection.execute(
            "UPDATE users SET password_hash = %s WHERE id = %s", (password_hash, user_id)
        )

    def set_status(self, user_id: UUID, status: str) -> None:
        """Enable or disable an account. Raises Conflict for the last active admin."""
        self._connection.execute("UPDATE users SET status = %s WHERE id = %s", (status, user_id))

    def end_sessions(self, user_id: UUID, now: datetime) -> None:
        """Invalidate all tokens and tickets issued before `now`, and revoke all refresh tokens."""
        self._connection.execute(END_SESSIONS, {"now": now, "id": user_id})
        self._connection.execute(
            "UPDATE refresh_tokens SET revoked_at = %s WHERE user_id = %s AND revoked_at IS NULL",
            (now, user_id),
        )
        self._connection.execute("DELETE FROM socket_tickets WHERE user_id = %s", (user_id,))

    def missing_roles(self, names: Iterable[str]) -> list[str]:
        """Return the names without a role of that name, sorted."""
        rows = self._connection.execute(
            "SELECT n FROM unnest(%s::text[]) n WHERE NOT EXISTS"
            " (SELECT FROM roles WHERE name = n) ORDER BY n",
            (list(names),),
        )
        return [row[0] for row in rows]

    def _one(self, sql: str, *parameters: object) -> Account | None:
        row = self._connection.execute(sql, parameters).fetchone()
        return Account(row[0], row[1], tuple(row[2]), row[3], row[4], row[5]) if row else None
