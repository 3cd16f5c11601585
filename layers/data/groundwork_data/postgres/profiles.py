"""Profiles of accounts and public keys, read with single statements."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database


class PostgresProfiles:
    """Reads accounts and public keys as JSON, with single statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def profile(self, user_id: UUID) -> dict[str, object] | None:
        """Return an account as the resource `users` shows it, or None."""
        row = self._database.row(
            "SELECT to_jsonb(u) - '{password_hash,sessions_valid_from}'::text[]"
            " FROM users u WHERE id = %s",
            (user_id,),
        )
        return row[0] if row else None

    def public_keys(self) -> list[dict[str, object]]:
        """Return the public keys that verify tokens which may still be valid, newest first.

        A retired key is listed for an hour; the tokens that it signed are valid for ten minutes.
        """
        rows = self._database.rows(
            "SELECT public_jwk FROM signing_keys"
            " WHERE retired_at IS NULL OR retired_at > now() - interval '1 hour'"
            " ORDER BY created_at DESC"
        )
        return [row[0] for row in rows]
