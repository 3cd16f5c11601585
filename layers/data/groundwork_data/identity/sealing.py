"""Encrypt stored responses so that only the holder of the idempotency key can read them.

HKDF (RFC 5869) derives three values from the client's key: the id of the stored response, a key for
fingerprints, and a key for AES-256-GCM. The database never sees the client's key.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32
_NONCE_BYTES = 12
_SALT = b"groundwork kept answers 1"


class KeySeal:
    """Implements `Seal`."""

    def __init__(self, key: str, scope: str) -> None:
        """`key` is the client's key; `scope` is the caller and request that it applies to."""
        derived = HKDF(SHA256(), 3 * _BYTES, _SALT, scope.encode()).derive(key.encode())
        self.id = derived[:_BYTES]
        self._fingerprints = derived[_BYTES : 2 * _BYTES]
        self._box = AESGCM(derived[2 * _BYTES :])

    def fingerprint(self, body: bytes) -> bytes:
        """Return the HMAC-SHA-256 of a body; bodies cannot be guessed without the key."""
        return hmac.digest(self._fingerprints, body, "sha256")

    def close(self, response: bytes) -> bytes:
        """Return a nonce and the encrypted response, bound to this id."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, response, self.id)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt what `close` returned. Raises cryptography's InvalidTag if it was changed."""
        return self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self.id)
