"""Rotate the signing key without invalidating sessions.

The public key is published first, so that all verifiers know it before the first token is signed
with the new key. The old public key remains published until all tokens that it verifies have
expired. Signers may use the old key for another `KEY_SECONDS`, or `STALE_SECONDS` while the secret
store cannot be reached, and a token is valid for ten minutes. Verifiers accept a retired key for
twenty minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork_core.audit.ports import AuditEntry
from groundwork_data.identity.signing_keys import new_signing_key, publish
from groundwork_data.postgres.audit import PostgresAuditLog

if TYPE_CHECKING:
    from pydantic import JsonValue

    from groundwork_core.identity.ports import Secrets
    from groundwork_data.postgres.database import Database

AHEAD_SECONDS = 3.0
"""Longer than the time after which a verifier reads the keys again for an unknown kid."""

LOCK = "SELECT pg_advisory_lock(hashtext('groundwork.signing_key'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('groundwork.signing_key'))"
RETIRE = (
    "UPDATE signing_keys SET retired_at = clock_timestamp()"
    " WHERE kid <> %s AND retired_at IS NULL RETURNING kid"
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The outcome of a rotation."""

    kid: str
    """The id of the new key."""
    retired: tuple[str, ...]
    """The ids of the keys that no longer sign."""


def rotate_signing_key(
    secrets: Secrets,
    secret_id: str,
    database: Database,
    *,
    pause: Callable[[float], None],
) -> Rotated:
    """Replace the signing key, one rotation at a time; an interrupted one has no effect.

    Args:
        secrets: the secret store.
        secret_id: the key's name in the secret store.
        database: the database of public keys; no other thread may use it.
        pause: waits for a number of seconds.

    Raises:
        Unavailable: the secret store or the database cannot be reached. The old key is still used.
    """
    database.rows(LOCK)
    try:
        key = new_signing_key()
        publish(key, database)
        pause(AHEAD_SECONDS)
        secrets.write(secret_id, key.text)
        with database.transaction() as connection:
            rows = connection.execute(RETIRE, (key.kid,)).fetchall()
            retired = tuple(sorted(row[0] for row in rows))
            detail: dict[str, JsonValue] = {"kid": key.kid, "retired": list(retired)}
            PostgresAuditLog(connection).record(
                AuditEntry("signing-keys.rotated", "signing-keys", detail=detail)
            )
    finally:
        database.rows(UNLOCK)
    return Rotated(key.kid, retired)
