"""One pass: give a destination what it has not had yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Destination, OutboxBatch, WorkT_contra

ROWS_A_BATCH = 5_000
"""Many, so that the cost of a transaction (Neo4j's above all) is spread when many wait."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one pass did."""

    rows: tuple[OutboxRow, ...]
    all: bool
    """Nothing else was ready when the pass began; False also while another relay had the lock."""


def carry(
    destination: Destination[WorkT_contra], work: WorkT_contra, *, limit: int = ROWS_A_BATCH
) -> Carried:
    """Deliver a batch of up to `limit` rows in commit order and remember how far that was.

    A destination that allows it gets more batches in the same pass, each read while the one
    before is delivered.

    Delivery is at least once: if the process dies between delivering and remembering, the same
    rows are delivered again, so every destination takes a row twice without harm.

    Raises:
        Whatever the destination raises; the rows then stay where they are.
    """
    with work:
        first = work.outbox.take(destination.name, limit)
        if first is None:
            return Carried((), all=False)
        if not first.rows:
            return Carried((), all=first.all)
        batches = _deliver(destination, first, work, limit)
        # Only now: writing takes a transaction number, which holds back what others may read.
        work.outbox.advance(destination.name, batches[-1].upto)
    return Carried(tuple(row for batch in batches for row in batch.rows), batches[-1].all)


def _deliver(
    destination: Destination[WorkT_contra], first: OutboxBatch, work: WorkT_contra, limit: int
) -> list[OutboxBatch]:
    """Deliver a batch, and while that lasts read the next; return all that was delivered."""
    batches = [first]
    if destination.batches_ahead and not first.all:
        with ThreadPoolExecutor(1, thread_name_prefix=f"deliver-{destination.name}") as pool:
            for _ in range(destination.batches_ahead):
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
