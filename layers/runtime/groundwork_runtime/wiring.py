"""The composition root: the only place that knows which adapter serves which port.

Built at the first event of an environment, never at import; every part is made when first asked.
"""

from __future__ import annotations

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING

from groundwork_core.clock import Clock, SystemClock
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime import logs
from groundwork_runtime.settings import Settings

if TYPE_CHECKING:
    from groundwork_core.outbox import Nudge
    from groundwork_core.queues import Queue


class Wiring:
    """All parts of one execution environment."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Take validated settings; a test may bring its own clock."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self._queues: dict[str, Queue] = {}

    @cached_property
    def database(self) -> Database:
        """The held connection to Postgres."""
        return self.new_database()

    def new_database(self) -> Database:
        """Make a further connection, for a thread of its own."""
        return Database(
            self.settings.database_url,
            application_name=self.settings.function,
            prepare_threshold=5 if self.settings.database_prepare else None,
        )

    def work(self) -> PostgresUnitOfWork:
        """Begin a unit of work: `with wiring().work() as work: …`."""
        return PostgresUnitOfWork(self.database, self.nudge)

    @cached_property
    def nudge(self) -> Nudge:
        """What wakes the relay after a commit; nothing where no queue leads to it."""
        if not self.settings.relay_queue_url:
            return lambda: None
        from groundwork_data.postgres.relay_lease import (  # noqa: PLC0415 - writers only
            AwakeUntil,
            PostgresRelayLease,
        )
        from groundwork_runtime.nudging import QueueNudge  # noqa: PLC0415 - writers only

        return QueueNudge(
            AwakeUntil(PostgresRelayLease(self.database)),
            lambda: self.queue(self.settings.relay_queue_url),
        )

    def queue(self, url: str) -> Queue:
        """Return the queue at a URL; its client is made at the first message."""
        if url not in self._queues:
            from groundwork_data.aws import clients  # noqa: PLC0415 - senders only
            from groundwork_data.aws.queues import SqsQueue  # noqa: PLC0415 - senders only

            region, endpoint = self.settings.region, self.settings.aws_endpoint_url
            self._queues[url] = SqsQueue(lambda: clients.sqs(region, endpoint), url)
        return self._queues[url]


@cache
def wiring() -> Wiring:
    """Return this environment's parts; reads the environment and configures logs the first time.

    Raises:
        BadSettings: the environment is not a valid configuration.
    """
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.function, settings.log_level)
    return Wiring(settings)
