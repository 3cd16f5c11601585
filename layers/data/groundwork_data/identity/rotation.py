"""A new signing key, without logging anybody out.

The public half is published first, and known to everybody who verifies before anybody signs with
the new key. The old key's public half stays until all that it signed has expired: signers may use
it for `KEY_SECONDS` more, or `STALE_SECONDS` while the safe is away, and a token lives ten minutes;
verifiers take a retired key for twenty minutes.
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
"""Longer than a verifier waits before it reads the keys again for a name that it does not know."""

LOCK = "SELECT pg_advisory_lock(hashtext('groundwork.signing_key'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('groundwork.signing_key'))"
RETIRE = (
    "UPDATE signing_keys SET retired_at = clock_timestamp()"
    " WHERE kid <> %s AND retired_at IS NULL RETURNING kid"
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    kid: str
    """The key that signs from now on."""
    retired: tuple[str, ...]
    """Those that sign no more."""


def rotate_signing_key(
    secrets: Secrets,
    secret_id: str,
    database: Database,
    *,
    pause: Callable[[float], None],
) -> Rotated:
    """Put a new key in the place of the present one. One at a time; a broken off one harms nothing.

    Args:
        secrets: the safe.
        secret_id: the key's name in it.
        database: where public keys stand; its connection is this call's alone.
        pause: waits so many seconds.

    Raises:
        Unavailable: the safe or the database cannot be reached. The old key goes on.
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
