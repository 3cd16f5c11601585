"""Users and keys in memory, and tokens signed with a key of the test's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from groundwork_core.identity.callers import AccountState, KeyHolder

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class FakeCallers:
    """Counts how often it was asked. `users` may be changed at any time."""

    def __init__(self) -> None:
        self.users: dict[UUID, AccountState] = {}
        self.public: dict[str, Mapping[str, Any]] = {}
        self.holders: dict[bytes, KeyHolder] = {}
        self.key_looks = 0
        self.standings = 0
        self.key_reads = 0

    def keys(self) -> Mapping[str, Mapping[str, Any]]:
        self.key_reads += 1
        return self.public

    def key_holder(self, key_hash: bytes) -> KeyHolder | None:
        self.key_looks += 1
        return self.holders.get(key_hash)

    def account_state(self, user_id: UUID) -> AccountState | None:
        self.standings += 1
        return self.users.get(user_id)

    def add(self, *permissions: str, roles: tuple[str, ...] = ("test",)) -> UUID:
        user_id = uuid4()
        self.users[user_id] = AccountState(
            active=True, sessions_valid_from=EPOCH, roles=roles, permissions=frozenset(permissions)
        )
        return user_id


@dataclass
class FakeClock:
    """Stands still."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **span: float) -> None:
        self.moment += timedelta(**span)


class Mint:
    """Signs tokens."""

    def __init__(self, kid: str = "test-key") -> None:
        self.kid = kid
        self._key = Ed25519PrivateKey.generate()
        self.public: dict[str, Any] = json.loads(
            jwt.algorithms.OKPAlgorithm.to_jwk(self._key.public_key())
        )

    def token(
        self, user_id: UUID, *, header: Mapping[str, object] | None = None, **claims: object
    ) -> str:
        """Sign a good token; a claim or header given as None is left out."""
        now = datetime.now(UTC).timestamp()
        good: dict[str, object] = {
            "iss": "groundwork",
            "aud": "groundwork",
            "sub": str(user_id),
            "jti": str(uuid4()),
            "iat": now - 1,
            "exp": now + 600,
        }
        names: dict[str, object] = {"kid": self.kid, "typ": "at+jwt", **(header or {})}
        return jwt.encode(
            {name: value for name, value in (good | claims).items() if value is not None},
            self._key,
            algorithm="EdDSA",
            headers={name: value for name, value in names.items() if value is not None},
        )
