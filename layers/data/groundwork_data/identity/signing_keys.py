"""Ed25519 keys of access tokens: the private key is a secret, the public key a row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jwt.algorithms import OKPAlgorithm

from groundwork_core.errors import NotFound
from groundwork_core.identity.access_tokens import SIGNING_ALGORITHM
from groundwork_core.ids import new_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from groundwork_core.identity.ports import Secrets
    from groundwork_data.postgres.database import Database


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and its key id."""

    kid: str
    private: Ed25519PrivateKey

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 7517, RFC 8037)."""
        jwk: dict[str, str] = json.loads(OKPAlgorithm.to_jwk(self.private.public_key()))
        return {
            "kty": jwk["kty"],
            "crv": jwk["crv"],
            "x": jwk["x"],
            "kid": self.kid,
            "use": "sig",
            "alg": SIGNING_ALGORITHM,
        }

    @property
    def text(self) -> str:
        """The text for the secret store: the private key as a JWK."""
        jwk: dict[str, str] = json.loads(OKPAlgorithm.to_jwk(self.private))
        return json.dumps({**jwk, "kid": self.kid, "use": "sig", "alg": SIGNING_ALGORITHM})


def new_signing_key() -> SigningKey:
    """Generate a key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # importing it takes 50 ms
        Ed25519PrivateKey,
    )

    return SigningKey(str(new_id()), Ed25519PrivateKey.generate())


def signing_key(text: str) -> SigningKey:
    """Parse a key from the secret's text.

    Raises:
        ValueError: the text is not a private Ed25519 JWK with a kid. The message reveals nothing of
            it.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # importing it takes 50 ms
        Ed25519PrivateKey,
    )

    message = "the signing key is not a private Ed25519 JWK with a kid"
    try:
        jwk = json.loads(text)
        private, kid = OKPAlgorithm.from_jwk(jwk), jwk["kid"]
    except Exception:  # a library's error message may contain parts of the key
        raise ValueError(message) from None
    if not isinstance(private, Ed25519PrivateKey) or not isinstance(kid, str):
        raise ValueError(message)  # noqa: TRY004 - the text is at fault, not a type
    return SigningKey(kid, private)


def publish(key: SigningKey, database: Database) -> None:
    """Insert the public key into the table that every function reads; idempotent."""
    database.rows(
        "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s::jsonb)"
        " ON CONFLICT (kid) DO NOTHING",
        (key.kid, json.dumps(key.public_jwk)),
    )


def ensure_signing_key(secrets: Secrets, secret_id: str, database: Database) -> None:
    """Ensure that the secret store has a signing key and that its public key is published.

    Args:
        secrets: the secret store.
        secret_id: the key's name in the secret store; a key is generated if it has none.
        database: the database of public keys.

    Raises:
        ValueError: the secret's text is not a signing key.
        Unavailable: the secret store or the database cannot be reached.
    """
    try:
        key = signing_key(secrets.read(secret_id))
    except NotFound:
        key = new_signing_key()
        secrets.write(secret_id, key.text)
    publish(key, database)
