"""The data that authentication reads: the state of an account, and the holder of an API key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountState:
    """The current state and rights of an account."""

    active: bool
    sessions_valid_from: datetime
    """Tokens issued earlier are invalid."""
    roles: tuple[str, ...]
    permissions: frozenset[str]
    stamp: str = ""
    """A value that changes with any of these fields."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A valid API key and its user."""

    key_id: UUID
    user_id: UUID
    roles: tuple[str, ...]
    permissions: frozenset[str]
    """The key's scopes, as far as its user has these permissions now."""
    expires_at: datetime | None
    stamp: str = ""
    """A value that changes with any of these fields, and when the key is revoked."""
