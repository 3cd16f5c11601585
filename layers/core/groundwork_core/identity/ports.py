"""What identity needs from the outside."""

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
    """The accounts."""

    def get(self, user_id: UUID) -> Account | None:
        """Return an account."""
        ...

    def held(self, user_id: UUID) -> Account | None:
        """Return an account, which nobody changes until the transaction ends."""
        ...

    def by_email(self, email: str) -> Account | None:
        """Return the account with an address, in whatever case."""
        ...

    def add(self, user: UserRow) -> UUID:
        """Make an account.

        Raises:
            Conflict: the address is taken.
        """
        ...

    def any_admin(self) -> bool:
        """Say whether there is an active admin."""
        ...

    def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Set the hash only; sessions go on."""
        ...

    def set_status(self, user_id: UUID, status: str) -> None:
        """Let an account be used (`active`), or not (`disabled`); sessions go on.

        Raises:
            Conflict: it is the last active admin.
        """
        ...

    def end_sessions(self, user_id: UUID, now: datetime) -> None:
        """Let no token or ticket issued before `now` hold, and revoke all refresh tokens."""
        ...

    def missing_roles(self, names: Iterable[str]) -> list[str]:
        """Return those names that are no role's, sorted."""
        ...


class Authority(Protocol):
    """What accounts and roles hold."""

    def of_user(self, user_id: UUID) -> frozenset[str]:
        """Return what an account may do, and keep others from changing it meanwhile."""
        ...

    def of_role(self, role_id: UUID) -> frozenset[str]:
        """Return what a role gives, and keep others from changing it meanwhile."""
        ...


class RefreshTokenStore(Protocol):
    """The refresh tokens."""

    def owner(self, token_hash: bytes) -> UUID | None:
        """Return whose token this is."""
        ...

    def locked(self, token_hash: bytes) -> RefreshToken | None:
        """Return a token, locked until the transaction ends."""
        ...

    def successor(self, token_id: UUID) -> RefreshToken | None:
        """Return the token that was made from this one."""
        ...

    def add(self, token: RefreshToken) -> None:
        """Keep a new token."""
        ...

    def use(self, token_id: UUID, now: datetime) -> None:
        """Mark a token as used."""
        ...

    def revoke_family(self, family_id: UUID, now: datetime) -> None:
        """Let no token of a family hold."""
        ...


class LoginFailureStore(Protocol):
    """How often logins failed."""

    def of(self, subjects: Iterable[str]) -> Mapping[str, Failures]:
        """Return what is known of subjects. One round trip."""
        ...

    def count(self, subjects: Iterable[str], now: datetime, window_ends_at: datetime) -> None:
        """Add a failure to subjects; a window that is over begins anew."""
        ...

    def clear(self, subject: str) -> None:
        """Forget the failures of a subject."""
        ...

    def keep(self, subject: str, until: datetime) -> None:
        """Remember a subject until then."""
        ...


class TicketStore(Protocol):
    """Tickets that open a WebSocket."""

    def add(
        self,
        ticket_hash: bytes,
        user_id: UUID,
        permissions: Iterable[str],
        expires_at: datetime,
        key_id: UUID | None,
    ) -> None:
        """Keep a ticket; `key_id`: the API key that asked for it, with which it ends."""
        ...


class ApiKeyStore(Protocol):
    """API keys, beyond what every resource does."""

    def revoke(self, key_id: UUID, now: datetime) -> None:
        """End a key for good; one that was revoked earlier stays as it is."""
        ...

    def is_made_by(self, key_id: UUID, maker: UUID) -> bool:
        """Say whether a key was made by another one, or by one that this has made."""
        ...


class IdentityWork(AuditedWork, Protocol):
    """A transaction that knows identity."""

    @property
    def users(self) -> UserStore:
        """The accounts."""
        ...

    @property
    def authority(self) -> Authority:
        """What accounts and roles hold."""
        ...

    @property
    def refresh_tokens(self) -> RefreshTokenStore:
        """The refresh tokens."""
        ...

    @property
    def login_failures(self) -> LoginFailureStore:
        """How often logins failed."""
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
        """Return a hash with its parameters and salt."""
        ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Say whether a password has this hash. None: no, but after the same time."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether the hash was made with weaker parameters than today's."""
        ...


class TokenSigner(Protocol):
    """Makes access tokens."""

    def sign(self, *, user_id: UUID, roles: Iterable[str], now: datetime, seconds: int) -> str:
        """Return an access token that holds for so long.

        Raises:
            Unavailable: the signing key cannot be read.
        """
        ...


class SecretSource(Protocol):
    """A safe for texts, seen by who may only read it."""

    def read(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            NotFound: no such secret, or it has no value yet.
            Unavailable: the safe cannot be reached, or does not let us.
        """
        ...


class Secrets(SecretSource, Protocol):
    """A safe for texts."""

    def write(self, secret_id: str, text: str) -> None:
        """Set a secret's text, whether or not the secret is there."""
        ...


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

    def standing(self, user_id: UUID) -> AccountState | None:
        """Return where a user stands, in one statement; None: no such user."""
        ...


class AccountsWork(IdentityWork, ResourceWork, Protocol):
    """A unit of work that knows both."""
