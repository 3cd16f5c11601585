import pytest

from groundwork_core.errors import TookTooLong, Unavailable
from groundwork_core.relay.batch_size import FEWEST_ROWS, ROWS_A_BATCH, BatchSize

SLOW_ROWS = 700
"""Rows that a slow destination takes within its time limit."""


def deliver(size: BatchSize) -> int:
    """Deliver one batch to the slow destination; return how many of its rows arrived."""
    if size.rows > SLOW_ROWS:
        size.failed(TookTooLong("slow"))
        return 0
    arrived = size.rows
    size.delivered()
    return arrived


def test_a_slow_destination_succeeds_with_smaller_batches() -> None:
    size = BatchSize()
    assert sum(deliver(size) for _ in range(20)) > 5 * SLOW_ROWS


def test_batches_of_the_usual_size_would_never_arrive() -> None:
    assert sum(deliver(BatchSize()) for _ in range(20)) == 0


def test_an_unreachable_destination_does_not_change_batch_sizes() -> None:
    size = BatchSize()
    size.failed(Unavailable("away"))
    assert (size.rows, size.reduced) == (ROWS_A_BATCH, False)


@pytest.mark.parametrize("failures", [1, 3, 100])
def test_batches_return_to_the_usual_size_and_have_a_minimum(failures: int) -> None:
    size = BatchSize()
    for _ in range(failures):
        size.failed(TookTooLong("slow"))
    assert FEWEST_ROWS <= size.rows < ROWS_A_BATCH
    for _ in range(8):
        size.delivered()
    assert not size.reduced
