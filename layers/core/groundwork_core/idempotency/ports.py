"""What idempotency keys need from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is kept of a request and its answer."""

    fingerprint: bytes
    sealed: bytes


class Seal(Protocol):
    """Made of an Idempotency-Key, its principal, method and path; none of them can be had back."""

    @property
    def id(self) -> bytes:
        """Finds what is kept."""
        ...

    def fingerprint(self, body: bytes) -> bytes:
        """Return what is the same for the same body, and of no use without the key."""
        ...

    def close(self, answer: bytes) -> bytes:
        """Make an answer unreadable without the key."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """Undo `close`."""
        ...


class KeptAnswers(Protocol):
    """Answers, in a transaction."""

    def claim(self, answer_id: bytes) -> bool:
        """Hold an id until the transaction ends; False at once if another one holds it."""
        ...

    def find(self, answer_id: bytes) -> KeptAnswer | None:
        """Return what is kept and has not expired. To be asked after `claim`."""
        ...

    def keep(self, answer_id: bytes, kept: KeptAnswer, hours: int) -> None:
        """Keep an answer for so long."""
        ...


class IdempotencyWork(Transaction, Protocol):
    """A unit of work that knows kept answers."""

    @property
    def kept_answers(self) -> KeptAnswers:
        """The answers."""
        ...
