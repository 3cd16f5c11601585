"""The outbox: changes and commands for the graph, the queues and the sockets.

Triggers of the database write one outbox row for each change of an aggregate, in the same
transaction. Commands such as `fetch_due` are rows that a use case publishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

ChangeKind = Literal["created", "updated", "deleted", "progress"]
"""The kind of a change, which is also the `type` of a realtime message."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One change with the full new state of the aggregate, or one command.

    `aggregate` is the name of the resource (`entities`, `jobs`, …). Rows are read in the order of
    (xid, id), which agrees with the order of commits; the order of `id` alone does not.
    """

    xid: int
    id: int
    aggregate: str
    aggregate_id: UUID
    version: int
    kind: str
    data: dict[str, JsonValue]
    became: str | None = None
    """The status that this change set; None if the status did not change, or there is none."""


class Command(Protocol):
    """An action outside the database, published in the transaction that decides it."""

    @property
    def aggregate(self) -> str:
        """The resource of the subject."""
        ...

    @property
    def aggregate_id(self) -> UUID:
        """The id of the subject."""
        ...

    @property
    def kind(self) -> str:
        """The name of the command, such as `fetch_due`."""
        ...

    def data(self) -> dict[str, JsonValue]:
        """The message for the receiver, as JSON."""
        ...


class Nudge(Protocol):
    """Wakes the relay after a commit."""

    def __call__(self) -> None:
        """Wake the relay. Never raises, since the sweep wakes it too."""
        ...
