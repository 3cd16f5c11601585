"""One run of the relay: a lease, and per destination a thread with its own connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from threading import Thread

from groundwork_core.relay.batch_size import BatchSize
from groundwork_core.relay.carrier import Carrier
from groundwork_core.relay.ports import Backlog, Destination
from groundwork_core.relay.promise import Activity, TimeBudget, begin, keep_promise
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.relay_lease import PostgresRelayLease
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime.relay.observer import MetricsObserver
from groundwork_runtime.wiring import Wiring

RECENT_SECONDS = 1.0


def run(
    parts: Wiring,
    to: Sequence[Destination[PostgresUnitOfWork]],
    remaining_seconds: Callable[[], float],
) -> None:
    """Deliver outbox rows until none is left or the invocation's time ends.

    If the time ends first, or rows wait for an older transaction, the next run is nudged. A
    destination that failed waits for the next sweep, at most a minute later.
    """
    lease = PostgresRelayLease(parts.database)
    until = begin(lease, time.sleep)
    if until is None:
        return
    activity = Activity(time.monotonic)
    budget = TimeBudget(remaining_seconds)
    observer = MetricsObserver()
    threads = [
        Thread(
            target=_delivering(
                destination,
                parts.new_database(),
                activity,
                budget,
                observer,
                parts.batch_sizes[destination.name],
            ),
            name=f"relay-{destination.name}",
            daemon=True,  # a destination that hangs must not prolong the run
        )
        for destination in to
    ]
    for thread in threads:
        thread.start()
    try:
        keep_promise(lease, until, activity, budget, time.sleep, time.monotonic)
    finally:
        activity.end()
        for thread in threads:
            thread.join(max(remaining_seconds() - 1, 0))
    busy = activity.seconds_idle() < RECENT_SECONDS and not budget.lasts
    left = {d.name: PostgresBacklogs(parts.database).of(d.name) for d in to}
    observer.ended(left)
    if busy or _held_back(left.values()):
        parts.nudge()


def _held_back(left: Iterable[Backlog]) -> bool:
    """Return whether rows wait behind an older transaction.

    Their writers did not nudge, because this run was awake. The end of the older transaction may
    cause no nudge: it may have written nothing to the outbox, or belong to another database.
    """
    return any(backlog.waiting and not backlog.ready for backlog in left)


def _delivering(
    destination: Destination[PostgresUnitOfWork],
    database: Database,
    activity: Activity,
    budget: TimeBudget,
    observer: MetricsObserver,
    size: BatchSize,
) -> Callable[[], None]:
    """Return the target of a thread. It closes its connection, because it may outlast the run."""
    carrier = Carrier(
        destination,
        lambda: PostgresUnitOfWork(database),  # has no nudge: the relay must not wake itself
        PostgresBacklogs(database),
        activity,
        budget,
        observer,
        size=size,
    )

    def carry_and_close() -> None:
        with closing(database):
            carrier.run()

    return carry_and_close
