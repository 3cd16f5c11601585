"""Ports of idempotency keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The stored response of a request, encrypted, with a fingerprint of the request."""

    fingerprint: bytes
    sealed: bytes


class Seal(Protocol):
    """Keys derived from an Idempotency-Key, principal, method and path, which stay secret."""

    @property
    def id(self) -> bytes:
        """The id of the stored response."""
        ...

    def fingerprint(self, body: bytes) -> bytes:
        """Return a keyed hash of the body."""
        ...

    def close(self, response: bytes) -> bytes:
        """Encrypt a response."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """Decrypt what `close` returned."""
        ...


class KeptResponses(Protocol):
    """Stored responses, in a transaction."""

    def claim(self, response_id: bytes) -> bool:
        """Lock an id until the transaction ends; return False at once if it is locked."""
        ...

    def find(self, response_id: bytes) -> StoredResponse | None:
        """Return the stored response unless it has expired. Call it after `claim`."""
        ...

    def keep(self, response_id: bytes, kept: StoredResponse, hours: int) -> None:
        """Store a response for a number of hours."""
        ...


class IdempotencyWork(Transaction, Protocol):
    """A unit of work with stored responses."""

    @property
    def kept_responses(self) -> KeptResponses:
        """The stored responses."""
        ...
