"""Refresh tokens in Postgres, stored as hashes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.identity.model import RefreshToken

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

REFRESH = (
    "SELECT id, family_id, user_id, token_hash, issued_at, expires_at, parent_id, salt, used_at,"
    " revoked_at FROM refresh_tokens"
)


class PostgresRefreshTokens:
    """Implements `RefreshTokenStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def owner(self, token_hash: bytes) -> UUID | None:
        """Return the id of the token's user, or None if the token is unknown."""
        row = self._connection.execute(
            "SELECT user_id FROM refresh_tokens WHERE token_hash = %s", (token_hash,)
        ).fetchone()
        return row[0] if row else None

    def locked(self, token_hash: bytes) -> RefreshToken | None:
        """Return a token, locked until the transaction ends."""
        return self._one(f"{REFRESH} WHERE token_hash = %s FOR UPDATE", token_hash)

    def successor(self, token_id: UUID) -> RefreshToken | None:
        """Return the token that replaced this one, or None."""
        return self._one(f"{REFRESH} WHERE parent_id = %s", token_id)

    def add(self, token: RefreshToken) -> None:
        """Insert a new token."""
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
        """Revoke all tokens of a family."""
        self._connection.execute(
            "UPDATE refresh_tokens SET revoked_at = %s WHERE family_id = %s AND revoked_at IS NULL",
            (now, family_id),
        )

    def _one(self, sql: str, *parameters: object) -> RefreshToken | None:
        row = self._connection.execute(sql, parameters).fetchone()
        return RefreshToken(*row) if row else None
