"""Users, and what they hold after they have come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

ADMIN = "admin"

TICKET_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a service with an account."""

    id: UUID
    email: str
    roles: tuple[str, ...]
    status: str
    password_hash: str | None
    sessions_valid_from: datetime
    """What was issued earlier no longer holds."""

    @property
    def active(self) -> bool:
        """The account may be used."""
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account to be made."""

    email: str
    name: str
    roles: tuple[str, ...]
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client gets at login and at each refresh."""

    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds that the access token holds."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a client gets at login."""

    tokens: TokenPair
    device: str
    """Words by which the device is known at its next login."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What is kept of a refresh token. Its words are not: only their hash is."""

    id: UUID
    family_id: UUID
    user_id: UUID
    token_hash: bytes
    issued_at: datetime
    expires_at: datetime
    parent_id: UUID | None = None
    salt: bytes | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


def normal_email(email: str) -> str:
    """Return an address as it is compared: without outer spaces, in lower case."""
    return email.strip().lower()
