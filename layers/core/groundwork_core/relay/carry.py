"""Make one pass: deliver waiting rows to a destination."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.batch_size import ROWS_A_BATCH
from groundwork_core.relay.ports import Destination, OutboxBatch, WorkT_contra


@dataclass(frozen=True, slots=True)
class Carried:
    """The result of one pass."""

    rows: tuple[OutboxRow, ...]
    """The delivered rows."""
    all: bool
    """True if no more rows were ready; False also while another relay has the lock."""
    moved: bool = False
    """True if the cursor moved. It also moves past rows that are not the destination's."""


def carry(
    destination: Destination[WorkT_contra],
    work: WorkT_contra,
    *,
    limit: int = ROWS_A_BATCH,
    ahead: int | None = None,
) -> Carried:
    """Deliver the destination's rows among the next `limit` in commit order; advance the cursor.

    A destination with `batches_ahead` gets more batches in the same pass, at most `ahead`; each is
    read while the previous one is delivered.

    Delivery is at least once: after a crash between delivery and commit the same rows are delivered
    again, so each destination must accept duplicates.

    Raises:
        The errors of the destination; the cursor is then unchanged.
    """
    with work:
        first = work.outbox.take(destination.name, limit, destination.aggregates)
        if first is None:
            return Carried((), all=False)
        if not first.moves:
            return Carried((), all=first.all)
        more = destination.batches_ahead if ahead is None else min(ahead, destination.batches_ahead)
        batches = _deliver(destination, first, work, limit, more)
        # As late as possible: the write assigns a transaction id, which holds back other readers.
        work.outbox.advance(destination.name, batches[-1].upto)
    rows = tuple(row for batch in batches for row in batch.rows)
    return Carried(rows, all=batches[-1].all, moved=True)


def _deliver(
    destination: Destination[WorkT_contra],
    first: OutboxBatch,
    work: WorkT_contra,
    limit: int,
    ahead: int,
) -> list[OutboxBatch]:
    """Deliver a batch while the next one is read; return all delivered batches."""
    batches = [first]
    if ahead and not first.all:
        with ThreadPoolExecutor(1, thread_name_prefix=f"deliver-{destination.name}") as pool:
            for _ in range(ahead):
                delivering = pool.submit(_deliver_rows, destination, batches[-1], work)
                following = work.outbox.take_after(batches[-1], limit, destination.aggregates)
                delivering.result()
                if not following.moves:
                    return batches
                batches.append(following)
                if following.all:
                    break
    _deliver_rows(destination, batches[-1], work)
    return batches


def _deliver_rows(
    destination: Destination[WorkT_contra], batch: OutboxBatch, work: WorkT_contra
) -> None:
    if batch.rows:
        destination.deliver(batch, work)
