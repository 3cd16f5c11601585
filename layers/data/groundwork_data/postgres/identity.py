"""Accounts, refresh tokens, tickets and failed logins, in Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.identity.login_throttle import Failures
from groundwork_core.identity.model import Account, RefreshToken, UserRow

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

USER = "SELECT id, email, roles, status, password_hash, sessions_valid_from FROM users"
REFRESH = (
    "SELECT id, family_id, user_id, token_hash, issued_at, expires_at, parent_id, salt, used_at,"
    " revoked_at FROM refresh_tokens"
)


class PostgresUsers:
    """Implements `UserStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def get(self, user_id: UUID) -> Account | None:
        """Return an account."""
        return self._one(f"{USER} WHERE id = %s", user_id)

    def held(self, user_id: UUID) -> Account | None:
        """Return an account, which nobody changes until the transaction ends."""
        return self._one(f"{USER} WHERE id = %s FOR SHARE", user_id)

    def by_email(self, email: str) -> Account | None:
        """Return the account with an address, in whatever case."""
        if "\0" in email:  # no address has it, and Postgres cannot be asked for it
            return None
        return self._one(f"{USER} WHERE lower(email) = lower(%s)", email)

    def add(self, user: UserRow) -> UUID:
        """Make an account. Raises Conflict if the address is taken."""
        row = self._connection.execute(
            "INSERT INTO users (email, name, roles, password_hash) VALUES (%s, %s, %s, %s)"
            " RETURNING id",
            (user.email, user.name, list(user.roles), user.password_hash),
        ).fetchone()
        assert row is not None  # noqa: S101 - RETURNING of one inserted row
        made: UUID = row[0]
        return made

    def any_admin(self) -> bool:
        """Say whether there is an active admin."""
        row = self._connection.execute(
            "SELECT EXISTS (SELECT FROM users WHERE 'admin' = ANY(roles) AND status = 'active')"
        ).fetchone()
        return bool(row and row[0])

    def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Set the hash only; sessions go on."""
        self._connection.execute(
            "UPDATE users SET password_hash = %s WHERE id = %s", (password_hash, user_id)
        )

    def set_status(self, user_id: UUID, status: str) -> None:
        """Let an account be used, or not. Raises Conflict for the last active admin."""
        self._connection.execute("UPDATE users SET status = %s WHERE id = %s", (status, user_id))

    def end_sessions(self, user_id: UUID, now: datetime) -> None:
        """Let no token or ticket issued before `now` hold, and revoke all refresh tokens."""
        self._connection.execute(
            "UPDATE users SET sessions_valid_from = %s WHERE id = %s", (now, user_id)
        )
        self._connection.execute(
            "UPDATE refresh_tokens SET revoked_at = %s WHERE user_id = %s AND revoked_at IS NULL",
            (now, user_id),
        )
        self._connection.execute("DELETE FROM socket_tickets WHERE user_id = %s", (user_id,))

    def missing_roles(self, names: Iterable[str]) -> list[str]:
        """Return those names that are no role's, sorted."""
        rows = self._connection.execute(
            "SELECT n FROM unnest(%s::text[]) n WHERE NOT EXISTS"
            " (SELECT FROM roles WHERE name = n) ORDER BY n",
            (list(names),),
        )
        return [row[0] for row in rows]

    def _one(self, sql: str, *parameters: object) -> Account | None:
        row = self._connection.execute(sql, parameters).fetchone()
        return Account(row[0], row[1], tuple(row[2]), row[3], row[4], row[5]) if row else None


class PostgresRefreshTokens:
    """Implements `RefreshTokenStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def owner(self, token_hash: bytes) -> UUID | None:
        """Return whose token this is."""
        row = self._connection.execute(
            "SELECT user_id FROM refresh_tokens WHERE token_hash = %s", (token_hash,)
        ).fetchone()
        return row[0] if row else None

    def locked(self, token_hash: bytes) -> RefreshToken | None:
        """Return a token, locked until the transaction ends."""
        return self._one(f"{REFRESH} WHERE token_hash = %s FOR UPDATE", token_hash)

    def successor(self, token_id: UUID) -> RefreshToken | None:
        """Return the token that was made from this one."""
        return self._one(f"{REFRESH} WHERE parent_id = %s", token_id)

    def add(self, token: RefreshToken) -> None:
        """Keep a new token."""
        self._connection.execute(
            "INSERT INTO refresh_tokens"
            " (id, family_id, user_id, token_hash, issued_at, expires_at, parent_id, salt)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                token.id,
                token.family_id,
                token.user_id,
                token.token_hash,
                token.issued_at,
                token.expires_at,
                token.parent_id,
                token.salt,
            ),
        )

    def use(self, token_id: UUID, now: datetime) -> None:
        """Mark a token as used."""
        self._connection.execute(
            "UPDATE refresh_tokens SET used_at = %s WHERE id = %s", (now, token_id)
        )

    def revoke_family(self, family_id: UUID, now: datetime) -> None:
        """Let no token of a family hold."""
        self._connection.execute(
            "UPDATE refresh_tokens SET revoked_at = %s WHERE family_id = %s AND revoked_at IS NULL",
            (now, family_id),
        )

    def _one(self, sql: str, *parameters: object) -> RefreshToken | None:
        row = self._connection.execute(sql, parameters).fetchone()
        return RefreshToken(*row) if row else None


class PostgresLoginFailures:
    """Implements `LoginFailureStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def of(self, subjects: Iterable[str]) -> Mapping[str, Failures]:
        """Return what is known of subjects."""
        rows = self._connection.execute(
            "SELECT subject, failures, window_ends_at FROM login_failures WHERE subject = ANY(%s)",
            (list(subjects),),
        )
        return {row[0]: Failures(row[1], row[2]) for row in rows}

    def count(self, subjects: Iterable[str], now: datetime, window_ends_at: datetime) -> None:
        """Add a failure to subjects; a window that is over begins anew."""
        # In one order, so that two at once do not wait for each other in a circle.
        self._connection.execute(
            "INSERT INTO login_failures AS f (subject, failures, window_ends_at)"
            " SELECT s, 1, %(ends)s FROM unnest(%(subjects)s::text[]) s ORDER BY s"
            " ON CONFLICT (subject) DO UPDATE SET"
            " failures = CASE WHEN f.window_ends_at <= %(now)s THEN 1 ELSE f.failures + 1 END,"
            " window_ends_at = CASE WHEN f.window_ends_at <= %(now)s THEN excluded.window_ends_at"
            " ELSE f.window_ends_at END",
            {"subjects": sorted(subjects), "now": now, "ends": window_ends_at},
        )

    def clear(self, subject: str) -> None:
        """Forget the failures of a subject."""
        self._connection.execute("DELETE FROM login_failures WHERE subject = %s", (subject,))

    def keep(self, subject: str, until: datetime) -> None:
        """Remember a subject until then."""
        self._connection.execute(
            "INSERT INTO login_failures (subject, failures, window_ends_at) VALUES (%s, 0, %s)"
            " ON CONFLICT (subject) DO UPDATE SET window_ends_at = excluded.window_ends_at",
            (subject, until),
        )


class PostgresTickets:
    """Implements `TicketStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def add(
        self,
        ticket_hash: bytes,
        user_id: UUID,
        permissions: Iterable[str],
        expires_at: datetime,
        key_id: UUID | None,
    ) -> None:
        """Keep a ticket."""
        self._connection.execute(
            "INSERT INTO socket_tickets"
            " (ticket_hash, user_id, permissions, expires_at, api_key_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            (ticket_hash, user_id, list(permissions), expires_at, key_id),
        )


class PostgresProfiles:
    """What identity answers straight from rows; single statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def profile(self, user_id: UUID) -> dict[str, object] | None:
        """Return an account as the resource `users` shows it, made by Postgres."""
        row = self._database.row(
            "SELECT to_jsonb(u) - '{password_hash,sessions_valid_from}'::text[]"
            " FROM users u WHERE id = %s",
            (user_id,),
        )
        return row[0] if row else None

    def public_keys(self) -> list[dict[str, object]]:
        """Return the public keys that tokens may be signed with, newest first.

        A retired key stays for an hour: tokens that it signed hold for ten minutes.
        """
        rows = self._database.rows(
            "SELECT public_jwk FROM signing_keys"
            " WHERE retired_at IS NULL OR retired_at > now() - interval '1 hour'"
            " ORDER BY created_at DESC"
        )
        return [row[0] for row in rows]
