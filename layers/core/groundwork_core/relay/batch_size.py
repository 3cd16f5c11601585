"""The size of batches: smaller after a batch that took too long, then larger again."""

from __future__ import annotations

from groundwork_core.errors import TookTooLong

ROWS_A_BATCH = 5_000
"""Large, to spread the cost of a transaction (mainly Neo4j's) over many rows."""
FEWEST_ROWS = 50
DIVISOR, FACTOR = 4, 2


class BatchSize:
    """The size of the next batch of one destination.

    A batch that exceeded the time limit would exceed it again, so that no later row would ever be
    delivered.
    """

    def __init__(self) -> None:
        self.rows = ROWS_A_BATCH

    @property
    def reduced(self) -> bool:
        """True if batches are smaller than usual; no batch is then read ahead."""
        return self.rows < ROWS_A_BATCH

    def delivered(self) -> None:
        """Let the next batch be larger, up to the normal size."""
        self.rows = min(self.rows * FACTOR, ROWS_A_BATCH)

    def failed(self, error: Exception) -> None:
        """Let the next batch be smaller if this one failed because it took too long."""
        if isinstance(error, TookTooLong):
            self.rows = max(self.rows // DIVISOR, FEWEST_ROWS)
