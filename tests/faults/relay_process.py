"""The relay as a process, complete or without one of its guards.

Run by its path, with a variant, the rows of a batch, and how many seconds it promises to look by
itself. For each line that it reads it forks, so that no time is lost over imports: the child relays
until it is killed, and its id is printed.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from groundwork_core.relay import batch_size, carrier, promise
from groundwork_core.relay.carry import Carried
from groundwork_core.relay.destinations.graph import GraphDestination
from groundwork_core.relay.ports import Destination
from groundwork_data.graph import projection_cypher as cypher
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime.relay.run import run
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

RUN_SECONDS = 60.0
WINDOW_SECONDS = 0.1
"""Pause between two steps without the guard, so that a kill falls into it."""


def as_it_is() -> None:
    """Every guard is there."""


def hasty() -> None:
    """Says that rows are carried before they are."""
    carrier.carry = carry_hastily  # type: ignore[attr-defined, assignment]


def carry_hastily(
    destination: Destination[PostgresUnitOfWork],
    work: PostgresUnitOfWork,
    *,
    limit: int,
    ahead: int | None,
) -> Carried:
    with work:
        taken = work.outbox.take(destination.name, limit, destination.aggregates)
        if taken is None or not taken.moves:
            return Carried((), all=taken is not None)
        work.outbox.advance(destination.name, taken.upto)
    with work:
        work.outbox.lock(destination.name)
        time.sleep(WINDOW_SECONDS)
        destination.deliver(taken, work)
    return Carried(taken.rows, taken.all, moved=True)


def unguarded() -> None:
    """Takes whatever comes for newer than what stands."""
    guard = "n._v < row[6] AND"
    assert guard in cypher.UPDATE_ENTITIES
    cypher.UPDATE_ENTITIES = cypher.UPDATE_ENTITIES.replace(guard, "")
    deliver = GraphDestination.deliver

    def deliver_slowly(self: GraphDestination, taken: object, work: object) -> None:
        deliver(self, taken, work)  # type: ignore[arg-type]
        time.sleep(WINDOW_SECONDS)

    GraphDestination.deliver = deliver_slowly  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    variant.__name__: variant for variant in (as_it_is, hasty, unguarded)
}


def relay(rows_a_batch: int) -> None:
    """Run after run, until killed."""
    batch_size.ROWS_A_BATCH = rows_a_batch
    parts = Wiring(Settings.from_environment(os.environ))
    while True:
        ends = time.monotonic() + RUN_SECONDS
        remaining_seconds = partial(_until, ends)
        run(parts, [GraphDestination(parts.graph_projection)], remaining_seconds)


def _until(moment: float) -> float:
    return moment - time.monotonic()


def main(variant: str, rows_a_batch: str, promise_seconds: str) -> None:
    """Start relays as the command line says."""
    import neo4j  # noqa: F401, PLC0415 - loaded for all children

    VARIANTS[variant]()
    promise.PROMISE_SECONDS = float(promise_seconds)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave nothing behind
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it tells is for the log
            relay(int(rows_a_batch))
        print(child, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
