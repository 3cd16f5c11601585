"""Ports of identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.audit.ports import AuditedWork
from groundwork_core.identity.callers import AccountState, KeyHolder
from groundwork_core.identity.login_throttle import Failures
from groundwork_core.identity.model import Account, RefreshToken, UserRow
from groundwork_core.resources.ports import ResourceWork


class UserStore(Protocol):
    """Stores accounts."""

    def get(self, user_id: UUID) -> Account | None:
        """Return an account."""
        ...

    def held(self, user_id: UUID) -> Account | None:
        """Return an account, locked until the transaction ends."""
        ...

    def by_email(self, email: str) -> Account | None:
        """Return the account with an address; case does not matter."""
        ...

    def add(self, user: UserRow) -> UUID:
        """Insert an account.

        Raises:
            Conflict: the address is taken.
        """
        ...

    def any_admin(self) -> bool:
        """Return whether an active admin exists."""
        ...

    def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Set the password hash; sessions continue."""
        ...

    def set_status(self, user_id: UUID, status: str) -> None:
        """Set the status to `active` or `disabled`; sessions continue.

        Raises:
            Conflict: it is the last active admin.
        """
        ...

    def end_sessions(self, user_id: UUID, now: datetime) -> None:
        """Invalidate tokens and tickets issued before `now`, and revoke all refresh tokens."""
        ...

    def missing_roles(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that are not roles, sorted."""
        ...


class Authority(Protocol):
    """The permissions of accounts and roles."""

    def of_user(self, user_id: UUID) -> frozenset[str]:
        """Return the permissions of an account; they cannot change until the transaction ends."""
        ...

    def of_role(self, role_id: UUID) -> frozenset[str]:
        """Return the permissions of a role; they cannot change until the transaction ends."""
        ...


class RefreshTokenStore(Protocol):
    """Stores refresh tokens, as hashes."""

    def owner(self, token_hash: bytes) -> UUID | None:
        """Return the user of a token."""
        ...

    def locked(self, token_hash: bytes) -> RefreshToken | None:
        """Return a token, locked until the transaction ends."""
        ...

    def successor(self, token_id: UUID) -> RefreshToken | None:
        """Return the token that replaced this one."""
        ...

    def add(self, token: RefreshToken) -> None:
        """Store a new token."""
        ...

    def use(self, token_id: UUID, now: datetime) -> None:
        """Mark a token as used."""
        ...

    def revoke_family(self, family_id: UUID, now: datetime) -> None:
        """Revoke all tokens of a family."""
        ...


class LoginFailureStore(Protocol):
    """Stores counts of failed logins, and known devices."""

    def of(self, subjects: Iterable[str]) -> Mapping[str, Failures]:
        """Return the counts of subjects. One round trip."""
        ...

    def count(self, subjects: Iterable[str], now: datetime, window_ends_at: datetime) -> None:
        """Add a failure to each subject; an expired window starts again."""
        ...

    def clear(self, subject: str) -> None:
        """Delete the failures of a subject."""
        ...

    def keep(self, subject: str, until: datetime) -> None:
        """Store a subject, without failures, until a time."""
        ...


class TicketStore(Protocol):
    """Stores the tickets that open a WebSocket."""

    def add(
        self,
        ticket_hash: bytes,
        user_id: UUID,
        permissions: Iterable[str],
        expires_at: datetime,
        key_id: UUID | None,
    ) -> None:
        """Store a ticket. It is valid only while the API key `key_id`, if given, is valid."""
        ...


class ApiKeyStore(Protocol):
    """Operations on API keys beyond those of every resource."""

    def revoke(self, key_id: UUID, now: datetime) -> None:
        """Revoke a key; a key that was revoked earlier is left unchanged."""
        ...

    def is_made_by(self, key_id: UUID, maker: UUID) -> bool:
        """Return whether `maker` created the key, directly or through other keys."""
        ...


class IdentityWork(AuditedWork, Protocol):
    """A unit of work with identity."""

    @property
    def users(self) -> UserStore:
        """The accounts."""
        ...

    @property
    def authority(self) -> Authority:
        """The permissions of accounts and roles."""
        ...

    @property
    def refresh_tokens(self) -> RefreshTokenStore:
        """The refresh tokens."""
        ...

    @property
    def login_failures(self) -> LoginFailureStore:
        """Counts of failed logins."""
        ...

    @property
    def api_keys(self) -> ApiKeyStore:
        """API keys."""
        ...

    @property
    def tickets(self) -> TicketStore:
        """Tickets that open a WebSocket."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords slowly."""

    def hash(self, password: str) -> str:
        """Return a hash with parameters and salt."""
        ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password has this hash.

        For a hash of None it returns False after the same time.
        """
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether the hash has weaker parameters than the current ones."""
        ...


class TokenSigner(Protocol):
    """Signs access tokens."""

    def sign(self, *, user_id: UUID, roles: Iterable[str], now: datetime, seconds: int) -> str:
        """Return an access token that is valid for `seconds`.

        Raises:
            Unavailable: the signing key cannot be read.
        """
        ...


class SecretSource(Protocol):
    """Reads secrets."""

    def read(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            NotFound: the secret does not exist or has no value yet.
            Unavailable: the store cannot be reached, or access is denied.
        """
        ...


class Secrets(SecretSource, Protocol):
    """Reads and writes secrets."""

    def write(self, secret_id: str, text: str) -> None:
        """Set a secret's text; create the secret if it does not exist."""
        ...


class CallerStore(Protocol):
    """Reads what authentication needs."""

    def keys(self) -> Mapping[str, Mapping[str, JsonValue]]:
        """Return the public JWKs of valid signing keys, by kid."""
        ...

    def key_holder(self, key_hash: bytes) -> KeyHolder | None:
        """Return the holder of a key.

        Returns None if the key is unknown, expired or revoked, or its user is disabled. Updates
        `last_used_at` at most once a minute. One statement.
        """
        ...

    def account_state(self, user_id: UUID) -> AccountState | None:
        """Return the state of an account in one statement; None if it does not exist."""
        ...


class AccountsWork(IdentityWork, ResourceWork, Protocol):
    """A unit of work with identity and resources."""
