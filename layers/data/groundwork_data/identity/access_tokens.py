"""Access tokens: JWTs of the profile in RFC 9068, signed with Ed25519."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import jwt

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.ids import new_id
from groundwork_data.identity.signing_keys import ALGORITHM, SigningKey, publish, signing_key

if TYPE_CHECKING:
    from groundwork_core.identity.ports import SecretSource
    from groundwork_data.postgres.database import Database

AUDIENCE = "groundwork"
TYPE = "at+jwt"


class SecretKeySigner:
    """Implements `TokenSigner` with the key that it reads from the safe at the first token."""

    def __init__(
        self, secrets: SecretSource, secret_id: str, issuer: str, database: Database
    ) -> None:
        """Take the safe and the key's name in it, the issuer, and where public keys stand."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._issuer = issuer
        self._database = database
        self._key: SigningKey | None = None

    def sign(self, *, user_id: UUID, roles: Iterable[str], now: datetime, seconds: int) -> str:
        """Return an access token that holds for so long.

        Raises:
            Unavailable: the signing key cannot be read.
        """
        key = self._loaded()
        issued = now.timestamp()
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "jti": str(new_id()),
            # With milliseconds: sessions may end and begin anew within one second.
            "iat": round(issued, 3),
            "exp": int(issued) + seconds,
            "roles": list(roles),
        }
        return jwt.encode(
            claims, key.private, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": key.kid}
        )

    def _loaded(self) -> SigningKey:
        if self._key is None:
            try:
                key = signing_key(self._secrets.read(self._secret_id))
            except (NotFound, ValueError) as error:
                raise Unavailable("There is no signing key.", retry_after_seconds=30) from error
            publish(key, self._database)
            self._key = key
        return self._key
