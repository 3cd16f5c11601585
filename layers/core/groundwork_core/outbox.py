"""What leaves Postgres for the graph, the queues and the sockets.

Every change of an aggregate becomes one outbox row in the same transaction; the database's own
triggers write it, so no change can forget it. Commands, which are not changes (`fetch_due`), are
rows that a use case publishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

ChangeKind = Literal["created", "updated", "deleted", "progress"]
"""How an aggregate changed; these are also the `type` of a live message."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One change or command, with the aggregate's full new state.

    `aggregate` is the resource's name (`entities`, `jobs`, …). Rows are read in (xid, id) order,
    which is an order that agrees with commits; `id` alone is not (a sequence is no commit order).
    """

    xid: int
    id: int
    aggregate: str
    aggregate_id: UUID
    version: int
    kind: str
    data: dict[str, JsonValue]


class Command(Protocol):
    """Something to be done outside the database, announced in the transaction that decided it."""

    @property
    def aggregate(self) -> str:
        """The resource it is about."""
        ...

    @property
    def aggregate_id(self) -> UUID:
        """The thing it is about."""
        ...

    @property
    def kind(self) -> str:
        """The command's name, e.g. `fetch_due`."""
        ...

    def data(self) -> dict[str, JsonValue]:
        """All that the receiver needs, as JSON."""
        ...


class Nudge(Protocol):
    """Wakes the relay after a commit."""

    def __call__(self) -> None:
        """Tell the relay that there is something to carry. Never raises: the sweep finds it too."""
        ...
