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
    all: bool
    """Whether no more rows were ready; False also while another relay has the lock."""


def carry(
    destination: Destination[WorkT_contra],
    work: WorkT_contra,
    *,
    limit: int = ROWS_A_BATCH,
    ahead: int | None = None,
) -> Carried:
    """Deliver a batch of up to `limit` rows in commit order and advance the cursor.

    A destination with `batches_ahead` gets more batches in the same pass, at most `ahead`; each is
    read while the previous one is delivered.

    Delivery is at least once: after a crash between delivery and commit the same rows are
    delivered again, so each destination must accept duplicates.

    Raises:
        The errors of the destination; the cursor then stays unchanged.
    """
    with work:
        first = work.outbox.take(destination.name, limit)
        if first is None:
            return Carried((), all=False)
        if not first.rows:
            return Carried((), all=first.all)
        more = destination.batches_ahead if ahead is None else min(ahead, destination.batches_ahead)
        batches = _deliver(destination, first, work, limit, more)
        # As late as possible: the write assigns a transaction id, which holds back other readers.
        work.outbox.advance(destination.name, batches[-1].upto)
    return Carried(tuple(row for batch in batches for row in batch.rows), batches[-1].all)


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
                delivering = pool.submit(destination.deliver, batches[-1], work)
                following = work.outbox.take_after(batches[-1], limit)
                delivering.result()
                if not following.rows:
                    return batches
                batches.append(following)
                if following.all:
                    break
    destination.deliver(batches[-1], work)
    return batches
