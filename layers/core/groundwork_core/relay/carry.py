"""One pass: give a destination what it has not had yet."""

from __future__ import annotations

from dataclasses import dataclass

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Destination, WorkT_contra

ROWS_A_PASS = 2_000
"""Many, so that the cost of a transaction (Neo4j's above all) is spread when many wait."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one pass did."""

    rows: tuple[OutboxRow, ...]
    all: bool
    """Nothing else was ready when the pass began; False also while another relay had the lock."""


def carry(
    destination: Destination[WorkT_contra], work: WorkT_contra, *, limit: int = ROWS_A_PASS
) -> Carried:
    """Deliver up to `limit` rows in commit order and remember how far the destination has come.

    Delivery is at least once: if the process dies between delivering and remembering, the same
    rows are delivered again, so every destination takes a row twice without harm.

    Raises:
        Whatever the destination raises; the rows then stay where they are.
    """
    with work:
        taken = work.outbox.take(destination.name, limit)
        if taken is None:
            return Carried((), all=False)
        if taken.rows:
            destination.deliver(taken, work)
            work.outbox.advance(destination.name, taken.upto)
    return Carried(taken.rows, taken.all)
