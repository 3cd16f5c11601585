"""What the relay needs from the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from groundwork_core.outbox import OutboxRow
from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class OutboxBatch:
    """Rows of the outbox that a destination has not had yet, in commit order."""

    rows: tuple[OutboxRow, ...]
    upto: tuple[int, int]
    """The (xid, id) that the cursor shows once these are carried."""
    last_seq: int
    """The last place given in the live order before these rows."""
    all: bool
    """Nothing else was ready when these were taken."""


class OutboxStore(Protocol):
    """The outbox inside one transaction."""

    def take(self, destination: str, limit: int) -> OutboxBatch | None:
        """Lock a destination and return what it has not had; None while another relay has it.

        Only rows whose transaction no older one can still precede are returned, so a later take
        never finds a row that belongs before these. The lock ends with the transaction.
        """
        ...

    def take_after(self, taken: OutboxBatch, limit: int) -> OutboxBatch:
        """Return what follows rows taken before in this transaction, whose lock still holds."""
        ...

    def advance(self, destination: str, upto: tuple[int, int]) -> None:
        """Say that a destination has had everything up to (xid, id)."""
        ...


class RelayWork(Transaction, Protocol):
    """One pass of one destination."""

    @property
    def outbox(self) -> OutboxStore:
        """The outbox."""
        ...


WorkT_contra = TypeVar("WorkT_contra", bound=RelayWork, contravariant=True)


class Destination(Protocol, Generic[WorkT_contra]):
    """Where rows go."""

    @property
    def name(self) -> str:
        """`graph`, `queues` or `live`: the cursor's name."""
        ...

    @property
    def batches_ahead(self) -> int:
        """How many more batches one pass may give it, read while it is busy with the one before.

        0 if it uses the pass's own transaction to deliver: two threads cannot share one.
        """
        ...

    @property
    def gather_seconds(self) -> float:
        """How long rows may gather once it has had everything, so that they are carried together.

        Each pass has a price whatever it carries. Who writes while nothing flows does not wait.
        """
        ...

    def deliver(self, taken: OutboxBatch, work: WorkT_contra) -> None:
        """Deliver rows in their order; raises if not all were, and then gets them all again."""
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for a destination."""

    ready: bool
    """Rows can be taken now."""
    waiting: bool
    """Rows are committed, some perhaps behind an older transaction that still runs."""
    lag_seconds: float
    """The age of the oldest of them; 0 if there is none."""


class Backlogs(Protocol):
    """Looks at the outbox from outside any transaction."""

    def of(self, destination: str) -> Backlog:
        """Say what waits for a destination."""
        ...


class RelayPromise(Protocol):
    """The promise of one relay to look by itself until a moment, so that writers need not call.

    The promise is only ever prolonged. Whoever commits while it lasts is seen: after it ran out
    the relay looks once more before it sleeps.
    """

    def take(self, seconds: float) -> datetime | None:
        """Promise for so long; return until when, or None while another relay's promise lasts."""
        ...

    def extend(self, until: datetime, seconds: float) -> datetime | None:
        """Prolong the promise that ends at `until`; None if it is another relay's by now."""
        ...

    def remaining_seconds(self) -> float:
        """Return how long the present promise, whoever gave it, still lasts; 0 or less: none."""
        ...


class Observer(Protocol):
    """Hears how carrying goes, for logs and metrics."""

    def carried(self, destination: str, rows: Sequence[OutboxRow], lag_seconds: float) -> None:
        """Rows were carried; the oldest had been committed so long before, at most."""
        ...

    def failed(
        self, destination: str, error: Exception, retry_seconds: float, lag_seconds: float
    ) -> None:
        """A destination failed, when it is tried again, and how long the oldest row waits."""
        ...
