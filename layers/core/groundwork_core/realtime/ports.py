"""Ports of realtime."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import RelayWork
from groundwork_core.resources.ports import SurvivorsWork


@dataclass(frozen=True, slots=True)
class Post:
    """One text frame for some sockets."""

    connections: tuple[str, ...]
    data: str


class Sockets(Protocol):
    """The gateway that holds the open WebSockets."""

    def post(self, posts: Sequence[Post]) -> frozenset[str]:
        """Send frames; each socket gets its frames in the given order.

        Returns the ids of closed connections, which did not get all their frames.

        Raises:
            Unavailable: the gateway cannot be reached; some frames may have been sent.
        """
        ...

    def close(self, connections: Iterable[str]) -> None:
        """Close sockets; closed sockets are not an error.

        Raises:
            Unavailable: the gateway cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class RedeemedTicket:
    """The user and permissions of a redeemed ticket."""

    user_id: UUID
    permissions: tuple[str, ...]
    key_id: UUID | None = None
    """The API key with which the ticket was requested."""
    key_seconds: float | None = None
    """Time until that key expires; None if it does not expire."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An open socket with its user, permissions and topics."""

    connection_id: str
    user_id: UUID
    permissions: frozenset[str]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """An outbox row with its seq."""

    seq: int
    row: OutboxRow


@dataclass(frozen=True, slots=True)
class ReplayRange:
    """The range of seqs that can be replayed."""

    oldest: int
    """The first seq that can be replayed; `last` + 1 if none can."""
    last: int


class ListenerStore(Protocol):
    """Stores the open sockets with their topics."""

    def redeem(self, ticket: str) -> RedeemedTicket | None:
        """Redeem a ticket; None if it is unknown, used or expired, or its user is disabled."""
        ...

    def add(self, connection_id: str, ticket: RedeemedTicket) -> None:
        """Store a new socket."""
        ...

    def remove(self, connections: Iterable[str]) -> None:
        """Remove sockets."""
        ...

    def get(self, connection_id: str) -> Listener | None:
        """Return one socket; None if it is unknown, or its API key has ended."""
        ...

    def listen(self, connection_id: str, topics: frozenset[str]) -> None:
        """Set the topics of a socket."""
        ...

    def listening(self, topics: Iterable[str]) -> list[Listener]:
        """Return the sockets subscribed to any of these topics whose API keys are valid."""
        ...

    def unauthorized(self, users: Iterable[UUID] | None) -> list[str]:
        """Return the sockets of users whose sessions ended or who lost permissions since.

        `users` limits this to some users; None means all.
        """
        ...

    def expired(self) -> list[str]:
        """Return sockets whose API keys have ended."""
        ...


class NumberedOutbox(Protocol):
    """The outbox rows that have a seq."""

    def lock(self, destination: str) -> None:
        """Stop the relay from delivering to a destination until the transaction ends."""
        ...

    def number(self, ids: Sequence[int], last_seq: int) -> None:
        """Give rows their seqs, beginning with `last_seq` + 1."""
        ...

    def span(self) -> ReplayRange:
        """Return the range of seqs that can be replayed."""
        ...

    def replay(self, topics: Iterable[str], since: int, limit: int) -> list[NumberedRow]:
        """Return the next rows of topics with a seq above `since`, in order."""
        ...


class ListenersWork(SurvivorsWork, Protocol):
    """A unit of work with the sockets and the numbered outbox."""

    @property
    def listeners(self) -> ListenerStore:
        """The stored sockets."""
        ...

    @property
    def numbered_outbox(self) -> NumberedOutbox:
        """The outbox rows that have a seq."""
        ...


class LiveWork(ListenersWork, RelayWork, Protocol):
    """A unit of work of the relay's destination `live`."""
