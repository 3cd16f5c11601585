"""Hash passwords with Argon2id, with the parameters of OWASP's Password Storage Cheat Sheet."""

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
        """The arguments are the cost of new hashes; existing hashes include their own."""
        self._argon2 = argon2.PasswordHasher(
            time_cost=iterations, memory_cost=memory_kib, parallelism=lanes
        )
        # A constant hash that no password has, so that an unknown account costs one hash, too.
        salt, digest = (b64encode(bytes(size)).rstrip(b"=").decode() for size in (16, 32))
        cost = f"m={memory_kib},t={iterations},p={lanes}"
        self._unknown_account = f"$argon2id$v=19${cost}${salt}${digest}"

    def hash(self, password: str) -> str:
        """Return a hash with its parameters and salt."""
        return self._argon2.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether a password matches a hash. For None, return False after the same time."""
        try:
            self._argon2.verify(password_hash or self._unknown_account, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether the hash has other parameters than new hashes."""
        return self._argon2.check_needs_rehash(password_hash)
