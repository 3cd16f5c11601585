"""Ports of the relay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from groundwork_core.outbox import OutboxRow
from groundwork_core.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class OutboxBatch:
    """Outbox rows that a destination has not received yet, in commit order."""

    rows: tuple[OutboxRow, ...]
    """The rows of the destination's aggregates; may be empty although other rows were passed."""
    upto: tuple[int, int]
    """The (xid, id) of the cursor after their delivery."""
    last_seq: int
    """The last assigned seq before these rows."""
    all: bool
    """True if no more rows were ready."""
    moves: bool = True
    """True if there were rows, of whatever aggregate, so that the cursor moves."""


class OutboxStore(Protocol):
    """The outbox in one transaction."""

    def take(self, destination: str, limit: int, aggregates: Collection[str]) -> OutboxBatch | None:
        """Lock a destination and return its waiting rows; None if another relay has the lock.

        At most `limit` rows are passed, and those of `aggregates` among them are returned. Rows are
        returned only when no older transaction is still running, so that no later call returns an
        earlier row. The lock ends with the transaction.
        """
        ...

    def take_after(
        self, taken: OutboxBatch, limit: int, aggregates: Collection[str]
    ) -> OutboxBatch:
        """Return the rows after a batch of this transaction, which still has the lock."""
        ...

    def advance(self, destination: str, upto: tuple[int, int]) -> None:
        """Set the cursor of a destination to `upto`, an (xid, id)."""
        ...


class RelayWork(Transaction, Protocol):
    """A unit of work of one pass."""

    @property
    def outbox(self) -> OutboxStore:
        """The outbox."""
        ...


WorkT_contra = TypeVar("WorkT_contra", bound=RelayWork, contravariant=True)


class Destination(Protocol, Generic[WorkT_contra]):
    """A receiver of outbox rows."""

    @property
    def name(self) -> str:
        """The name of its cursor: `graph`, `queues`, `live` or `webhooks`."""
        ...

    @property
    def aggregates(self) -> Collection[str]:
        """The aggregates whose rows it receives."""
        ...

    @property
    def batches_ahead(self) -> int:
        """Number of further batches in one pass, each read during the delivery of the previous one.

        0 if it delivers in the transaction of the pass, which two threads cannot share.
        """
        ...

    @property
    def gather_seconds(self) -> float:
        """Delay after all rows are delivered, to collect rows into batches.

        Each pass has a fixed cost. A write while the relay is idle is delivered without this delay.
        """
        ...

    def deliver(self, taken: OutboxBatch, work: WorkT_contra) -> None:
        """Deliver rows in their order. After an error the whole batch is delivered again."""
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """The waiting rows of a destination."""

    ready: bool
    """True if rows can be delivered now."""
    waiting: bool
    """True if committed rows wait, perhaps for the end of an older transaction."""
    lag_seconds: float
    """The age of the oldest row; 0 if there is none."""


class Backlogs(Protocol):
    """Reads the waiting rows outside of transactions."""

    def of(self, destination: str) -> Backlog:
        """Return the backlog of a destination."""
        ...


class RelayPromise(Protocol):
    """The promise of one relay to poll the outbox until a time, so that writers need not nudge.

    A promise is never shortened. The relay makes a last pass after its end, so all commits before
    the end are delivered.
    """

    def take(self, seconds: float) -> datetime | None:
        """Make a promise for `seconds`; return its end, or None if another relay has one."""
        ...

    def extend(self, until: datetime, seconds: float) -> datetime | None:
        """Extend the promise that ends at `until`; return None if another relay has one now."""
        ...

    def remaining_seconds(self) -> float:
        """Return the remaining time of any relay's promise; 0 or less if there is none."""
        ...


class Observer(Protocol):
    """Gets the results of passes, for logs and metrics."""

    def carried(self, destination: str, rows: Sequence[OutboxRow], lag_seconds: float) -> None:
        """Record delivered rows and the age of the oldest one."""
        ...

    def failed(
        self, destination: str, error: Exception, retry_seconds: float, lag_seconds: float
    ) -> None:
        """Record an error, the delay of the retry, and the age of the oldest waiting row."""
        ...
