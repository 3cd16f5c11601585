"""Seals what only the holder of a client's own key shall read.

HKDF (RFC 5869) makes three independent keys of it: one finds what is kept, one is for
fingerprints, one seals with AES-256-GCM. The database sees none of what they were made of.
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
        """Take the client's key, and for whom and what it holds: another scope, another seal."""
        made = HKDF(SHA256(), 3 * _BYTES, _SALT, scope.encode()).derive(key.encode())
        self.id = made[:_BYTES]
        self._fingerprints = made[_BYTES : 2 * _BYTES]
        self._box = AESGCM(made[2 * _BYTES :])

    def fingerprint(self, body: bytes) -> bytes:
        """Return HMAC-SHA-256 of a body: without the key nobody can try bodies out."""
        return hmac.digest(self._fingerprints, body, "sha256")

    def close(self, answer: bytes) -> bytes:
        """Return a nonce and the sealed answer, which holds only for this id."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, answer, self.id)

    def open(self, sealed: bytes) -> bytes:
        """Undo `close`. Raises cryptography's InvalidTag where somebody has changed it."""
        return self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self.id)
