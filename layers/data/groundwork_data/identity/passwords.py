"""Argon2id, with the parameters of OWASP's Password Storage Cheat Sheet."""

from __future__ import annotations

from base64 import b64encode

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19_456
ITERATIONS = 2
LANES = 1


class Argon2Hasher:
    """Implements `groundwork_core.identity.ports.PasswordHasher`."""

    def __init__(
        self, *, memory_kib: int = MEMORY_KIB, iterations: int = ITERATIONS, lanes: int = LANES
    ) -> None:
        """Take the cost; a hash keeps the cost that it was made with."""
        self._argon2 = argon2.PasswordHasher(
            time_cost=iterations, memory_cost=memory_kib, parallelism=lanes
        )
        # Of no password: made from nothing, so that even the first unknown account costs one hash.
        salt, digest = (b64encode(bytes(size)).rstrip(b"=").decode() for size in (16, 32))
        cost = f"m={memory_kib},t={iterations},p={lanes}"
        self._nobodys = f"$argon2id$v=19${cost}${salt}${digest}"

    def hash(self, password: str) -> str:
        """Return a hash with its parameters and salt."""
        return self._argon2.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Say whether a password has this hash. None: no, but after the same time."""
        try:
            self._argon2.verify(password_hash or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(password_hash)
