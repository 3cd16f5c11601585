"""What verifying a caller needs: public keys, and where its user stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Standing:
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


class CallerStore(Protocol):
    """Reads what verifying needs."""

    def keys(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """Return the public JWKs by kid that tokens may still be signed with."""
        ...

    def key_holder(self, key_hash: bytes) -> KeyHolder | None:
        """Return who holds a key; None: unknown, expired or revoked, or its user is disabled.

        Marks the key as used, at most once a minute. One statement.
        """
        ...

    def standing(self, user_id: UUID) -> Standing | None:
        """Return where a user stands, in one statement; None: no such user."""
        ...
