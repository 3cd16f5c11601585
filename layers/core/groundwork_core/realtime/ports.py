"""What live topics need from the outside."""

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
    """Open WebSockets, wherever they end."""

    def post(self, posts: Sequence[Post]) -> frozenset[str]:
        """Send frames; each socket gets its own in the order given.

        Returns the connections that are gone, which missed what came after they went.

        Raises:
            Unavailable: whoever holds the sockets cannot be reached; none or some were sent.
        """
        ...

    def close(self, connections: Iterable[str]) -> None:
        """Close sockets; those already gone are no error.

        Raises:
            Unavailable: whoever holds the sockets cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class RedeemedTicket:
    """What a single-use ticket stands for."""

    user_id: UUID
    permissions: tuple[str, ...]
    key_id: UUID | None = None
    """The API key that it was asked for with."""
    key_seconds: float | None = None
    """How long that key still holds; None: it does not end by itself."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An open socket, what its owner may see and what it listens to."""

    connection_id: str
    user_id: UUID
    permissions: frozenset[str]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """An outbox row with its place in the live order."""

    seq: int
    row: OutboxRow


@dataclass(frozen=True, slots=True)
class ReplayRange:
    """The live order as it stands."""

    oldest: int
    """The first place that can still be replayed; `last` + 1 if none can."""
    last: int


class ListenerStore(Protocol):
    """The open sockets."""

    def redeem(self, ticket: str) -> RedeemedTicket | None:
        """Use a ticket up; None if it is unknown, used, too old, or its user may not come in."""
        ...

    def add(self, connection_id: str, ticket: RedeemedTicket) -> None:
        """Remember a socket that just opened."""
        ...

    def remove(self, connections: Iterable[str]) -> None:
        """Forget sockets."""
        ...

    def get(self, connection_id: str) -> Listener | None:
        """Return one socket; None if it is unknown, or its API key has ended."""
        ...

    def listen(self, connection_id: str, topics: frozenset[str]) -> None:
        """Set what a socket listens to."""
        ...

    def listening(self, topics: Iterable[str]) -> list[Listener]:
        """Return the sockets that listen to any of these topics, and whose API keys hold."""
        ...

    def no_longer_welcome(self, users: Iterable[UUID] | None) -> list[str]:
        """Return sockets whose users' sessions ended, or who may do less than when it opened.

        Looks at these users; None: at all.
        """
        ...

    def outlived(self) -> list[str]:
        """Return sockets whose API keys have ended."""
        ...


class NumberedOutbox(Protocol):
    """The numbered part of the outbox."""

    def lock(self, destination: str) -> None:
        """Keep the relay from carrying for a destination until the transaction ends."""
        ...

    def number(self, ids: Sequence[int], last_seq: int) -> None:
        """Give rows their places: the first of them gets `last_seq` + 1."""
        ...

    def span(self) -> ReplayRange:
        """Say what can be replayed."""
        ...

    def replay(self, topics: Iterable[str], since: int, limit: int) -> list[NumberedRow]:
        """Return the next rows of topics with places above `since`, in order."""
        ...


class ListenersWork(SurvivorsWork, Protocol):
    """A transaction that knows the sockets and the live order."""

    @property
    def listeners(self) -> ListenerStore:
        """The sockets."""
        ...

    @property
    def numbered_outbox(self) -> NumberedOutbox:
        """The numbered part of the outbox."""
        ...


class LiveWork(ListenersWork, RelayWork, Protocol):
    """One pass of the relay's destination `live`."""
