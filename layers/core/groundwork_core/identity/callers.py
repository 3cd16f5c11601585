"""What verifying a caller needs: public keys, and where its user stands now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountState:
    """A user's present state."""

    active: bool
    sessions_valid_from: datetime
    """Tokens issued earlier no longer hold."""
    roles: tuple[str, ...]
    permissions: frozenset[str]
    stamp: str = ""
    """It changes with any of this."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """An API key that holds, and for whom it speaks."""

    key_id: UUID
    user_id: UUID
    roles: tuple[str, ...]
    permissions: frozenset[str]
    """The key's scopes, as far as its user holds them now."""
    expires_at: datetime | None
    stamp: str = ""
    """It changes with any of this, and when the key is revoked."""
