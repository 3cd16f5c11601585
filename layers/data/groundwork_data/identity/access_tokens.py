"""Sign access tokens: JWTs of the profile in RFC 9068, signed with Ed25519."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import jwt

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.identity.access_tokens import AUDIENCE, SIGNING_ALGORITHM, TOKEN_TYPE
from groundwork_core.ids import new_id
from groundwork_data.identity.signing_keys import SigningKey, publish, signing_key

if TYPE_CHECKING:
    from groundwork_core.identity.ports import SecretSource
    from groundwork_data.postgres.database import Database

KEY_SECONDS = 60.0
"""Time after which the secret store is read again for a newer key."""
STALE_SECONDS = 240.0
"""Longest use of a key while the secret store cannot be reached, so that no retired key signs."""


class SecretKeySigner:
    """Implements `TokenSigner` with a key from the secret store, read at most once a minute."""

    def __init__(
        self,
        secrets: SecretSource,
        secret_id: str,
        issuer: str,
        database: Database,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`secret_id` names the key in `secrets`; `database` has the public keys."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._issuer = issuer
        self._database = database
        self._monotonic = monotonic
        self._key: SigningKey | None = None
        self._read_at = float("-inf")

    def sign(self, *, user_id: UUID, roles: Iterable[str], now: datetime, seconds: int) -> str:
        """Return an access token that is valid for `seconds`.

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
            # With microseconds, because it is compared with the time of the sessions' last end.
            "iat": round(issued, 6),
            "exp": int(issued) + seconds,
            "roles": list(roles),
        }
        return jwt.encode(
            claims,
            key.private,
            algorithm=SIGNING_ALGORITHM,
            headers={"typ": TOKEN_TYPE, "kid": key.kid},
        )

    def _loaded(self) -> SigningKey:
        moment, known = self._monotonic(), self._key
        if known is not None and moment - self._read_at < KEY_SECONDS:
            return known
        try:
            key = signing_key(self._secrets.read(self._secret_id))
        except (NotFound, ValueError) as error:
            raise Unavailable("There is no signing key.", retry_after_seconds=30) from error
        except Unavailable:
            if known is not None and moment - self._read_at < STALE_SECONDS:
                return known
            raise
        if known is None or key.kid != known.kid:
            publish(key, self._database)
        self._key, self._read_at = key, moment
        return key
