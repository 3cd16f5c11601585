"""Accounts on the in-memory stores, for the tests of the use cases."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from tests.fakes.callers import FakeClock
from tests.fakes.work import MemoryWork

from groundwork_core.caller import Caller
from groundwork_core.identity.create_user import create_user
from groundwork_core.identity.log_in import log_in
from groundwork_core.identity.model import NewSession, TokenPair
from groundwork_core.identity.refresh_session import refresh_session

EMAIL = "ada@example.org"
PASSWORD = "a long passphrase of Ada's own"
ADDRESS = "192.0.2.1"


class PlainHasher:
    """Implements `PasswordHasher` in no time; `outdated` hashes are to be made again."""

    def __init__(self) -> None:
        self.outdated = False

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, password_hash: str | None, password: str) -> bool:
        return password_hash in (self.hash(password), f"old {self.hash(password)}")

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash.startswith("old")


class PlainSigner:
    """Implements `TokenSigner`; a token names its user and its time."""

    def sign(self, *, user_id: UUID, roles: Iterable[str], now: datetime, seconds: int) -> str:
        return f"{user_id} {','.join(roles)} {now.isoformat()} {seconds}"


@dataclass
class Accounts:
    """The use cases of sessions with their ports."""

    work: MemoryWork = field(default_factory=MemoryWork)
    clock: FakeClock = field(default_factory=lambda: FakeClock(datetime(2026, 11, 30, tzinfo=UTC)))
    hasher: PlainHasher = field(default_factory=PlainHasher)
    signer: PlainSigner = field(default_factory=PlainSigner)

    def add(self, email: str = EMAIL, *roles: str) -> UUID:
        return create_user(
            email, PASSWORD, roles=roles or ("viewer",), work=self.work, hasher=self.hasher
        )

    def log_in(
        self,
        password: str = PASSWORD,
        *,
        email: str = EMAIL,
        address: str = ADDRESS,
        device: str = "",
    ) -> NewSession:
        return log_in(
            email,
            password,
            address=address,
            device=device,
            work=self.work,
            hasher=self.hasher,
            signer=self.signer,
            clock=self.clock,
        )

    def refresh(self, token: str) -> TokenPair:
        return refresh_session(token, work=self.work, signer=self.signer, clock=self.clock)

    def actions(self) -> list[str]:
        """Return the actions in the audit log."""
        return [entry.action for entry in self.work.tables.of("audit_entries").values()]


def caller(user_id: UUID, *permissions: str, key_id: UUID | None = None) -> Caller:
    principal = f"key:{key_id}" if key_id else f"user:{user_id}"
    return Caller(user_id, (), frozenset(permissions), principal, key_id)
