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


class CallerStore(Protocol):
    """Reads what verifying needs."""

    def keys(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """Return the public JWKs by kid that tokens may still be signed with."""
        ...

    def standing(self, user_id: UUID) -> Standing | None:
        """Return where a user stands, in one statement; None: no such user."""
        ...
