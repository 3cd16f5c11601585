"""Read what authenticating a caller needs: public keys, API keys, users' rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.errors import Invalid
from groundwork_core.identity.callers import AccountState, KeyHolder

if TYPE_CHECKING:
    from pydantic import JsonValue

    from groundwork_data.postgres.database import Database

KEYS = """
SELECT kid, public_jwk FROM signing_keys
WHERE retired_at IS NULL OR retired_at > now() - interval '20 minutes'
"""
"""A retired key no longer signs; its tokens are valid for 10 minutes, and clocks differ."""

ACCOUNT_STATE = """
SELECT u.status = 'active', u.sessions_valid_from, u.roles,
    ARRAY(SELECT DISTINCT unnest(r.permissions) FROM roles r WHERE r.name = ANY (u.roles)),
    groundwork_standing(u.id, NULL)
FROM users u WHERE u.id = %s
"""


# Uses are in their own table, so that a use does not change the key's version, outbox and ETag.
KEY_HOLDER = """
WITH found AS (
    SELECT k.id, k.user_id, u.roles, k.expires_at, l.last_used_at,
        ARRAY(SELECT DISTINCT p FROM roles r, unnest(r.permissions) p
            WHERE r.name = ANY (u.roles) AND p = ANY (k.scopes)) AS permissions
    FROM api_keys k JOIN users u ON u.id = k.user_id
        LEFT JOIN api_key_uses l ON l.api_key_id = k.id
    WHERE k.key_hash = %s AND k.revoked_at IS NULL AND u.status = 'active'
        AND (k.expires_at IS NULL OR k.expires_at > now())
), used AS (
    INSERT INTO api_key_uses AS l (api_key_id, last_used_at)
    SELECT id, now() FROM found
    WHERE last_used_at IS NULL OR last_used_at < now() - interval '1 minute'
    ON CONFLICT (api_key_id) DO UPDATE SET last_used_at = excluded.last_used_at
        WHERE l.last_used_at < excluded.last_used_at - interval '1 minute'
)
SELECT id, user_id, roles, permissions, expires_at, groundwork_standing(user_id, id) FROM found
"""


class PostgresCallers:
    """Implements `CallerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """Return the public keys by kid."""
        return dict(self._database.rows(KEYS))

    def key_holder(self, key_hash: bytes) -> KeyHolder | None:
        """Return the holder of an API key, and mark the key as used."""
        try:
            row = self._database.row(KEY_HOLDER, (key_hash,))
        except Invalid:
            return None  # the key was deleted meanwhile, so its use has no key to refer to
        if row is None:
            return None
        key_id, user_id, roles, permissions, expires_at, stamp = row
        return KeyHolder(key_id, user_id, tuple(roles), frozenset(permissions), expires_at, stamp)

    def account_state(self, user_id: UUID) -> AccountState | None:
        """Return a user's status, roles and permissions."""
        row = self._database.row(ACCOUNT_STATE, (user_id,))
        if row is None:
            return None
        active, sessions_valid_from, roles, permissions, stamp = row
        return AccountState(
            active, sessions_valid_from, tuple(roles), frozenset(permissions), stamp
        )
