"""What verifying a caller reads from Postgres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.identity.callers import Standing

if TYPE_CHECKING:
    from pydantic import JsonValue

    from groundwork_data.postgres.database import Database

KEYS = """
SELECT kid, public_jwk FROM signing_keys
WHERE retired_at IS NULL OR retired_at > now() - interval '20 minutes'
"""
"""A retired key signs no more; what it signed lives 10 minutes, and clocks differ."""

STANDING = """
SELECT u.status = 'active', u.sessions_valid_from, u.roles,
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM roles r WHERE r.name = ANY (u.roles))
FROM users u WHERE u.id = %s
"""


class PostgresCallers:
    """Implements `CallerStore`."""

    def __init__(self, database: Database) -> None:
        """Take the environment's database."""
        self._database = database

    def keys(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """Return the public keys by kid."""
        return dict(self._database.rows(KEYS))

    def standing(self, user_id: UUID) -> Standing | None:
        """Return where a user stands."""
        row = self._database.row(STANDING, (user_id,))
        if row is None:
            return None
        active, sessions_valid_from, roles, permissions = row
        return Standing(active, sessions_valid_from, tuple(roles), frozenset(permissions))
