"""Accounts, tokens and sessions."""

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
    """Tokens issued earlier are invalid."""

    @property
    def active(self) -> bool:
        """True if the account may be used."""
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account to insert."""

    email: str
    name: str
    roles: tuple[str, ...]
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens that a client gets at login and at each refresh."""

    access_token: str
    refresh_token: str
    expires_in: int
    """Lifetime of the access token in seconds."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """The result of a login."""

    tokens: TokenPair
    device: str
    """The device token for the next login."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as stored: with a hash in place of the token."""

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
    """Return an e-mail address in lower case, without leading and trailing spaces."""
    return email.strip().lower()
