"""The settings, the clock, Postgres, units of work and queues."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_core.clock import Clock, SystemClock
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_data.secret_credentials import SecretCredentials, SecretUrl
from groundwork_runtime.settings import Settings

if TYPE_CHECKING:
    from groundwork_core.clock_jumps.ports import Uptime
    from groundwork_core.identity.ports import SecretSource
    from groundwork_core.jobs.empty_kinds import EmptyKinds
    from groundwork_core.jobs.ports import LeasedDocuments, QuickLeases, SetsTimers
    from groundwork_core.outbox import Nudge
    from groundwork_core.queues import Queue
    from groundwork_core.relay.batch_size import BatchSize
    from groundwork_data.aws.queues import SqsQueue

OWN_HOST = "AWS_Lambda_python_groundwork"
"""AWS_EXECUTION_ENV on our host."""


class BaseParts:
    """The settings, the clock, Postgres, units of work and queues."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """`clock` is the system's clock unless a test passes another."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self._queues: dict[str, SqsQueue] = {}

    @cached_property
    def database(self) -> Database:
        """The connection to Postgres for requests; its commits nudge the relay."""
        database = self.new_database()
        database.nudge = self._wake_relay
        return database

    @cached_property
    def batch_sizes(self) -> defaultdict[str, BatchSize]:
        """The sizes of the relay's batches by destination; kept from one run to the next."""
        from groundwork_core.relay.batch_size import BatchSize

        return defaultdict(BatchSize)

    @cached_property
    def database_clock(self) -> Clock:
        """The database's clock.

        Leases, claims and planned times use it instead of this machine's clock, because several
        machines must agree about them.
        """
        from groundwork_data.postgres.database_clock import DatabaseClock

        return DatabaseClock(self.database)

    @cached_property
    def uptime(self) -> Uptime:
        """Returns how long this machine has been running.

        On AWS Lambda this is always 0, since its machines may be copies of one that was started
        earlier.
        """
        from groundwork_data.machine_uptime import machine_uptime

        lambda_runtime = os.environ.get("AWS_EXECUTION_ENV", OWN_HOST) != OWN_HOST
        return (lambda: ("", 0.0)) if lambda_runtime else machine_uptime

    @cached_property
    def quick_leases(self) -> QuickLeases:
        """Leases and status reports of jobs, each in one round trip."""
        from groundwork_data.postgres.quick_leases import PostgresQuickLeases

        return PostgresQuickLeases(self.database)

    @cached_property
    def empty_kinds(self) -> EmptyKinds:
        """The kinds of jobs for which this process last found none."""
        from groundwork_core.jobs.empty_kinds import EmptyKinds

        return EmptyKinds()

    @cached_property
    def leased_documents(self) -> LeasedDocuments:
        """Documents of leased jobs."""
        from groundwork_data.postgres.leased_documents import PostgresLeasedDocuments

        return PostgresLeasedDocuments(self.database)

    @cached_property
    def job_timers(self) -> SetsTimers | None:
        """Sets timers, so that leases and pauses of jobs end on time; None without a queue."""
        if not self.settings.job_timer_queue_url:
            return None
        from groundwork_core.jobs.timers import Timers

        return Timers(self.queue(self.settings.job_timer_queue_url), self.database_clock)

    def new_database(self) -> Database:
        """Return another connection, for another thread; its commits do not nudge the relay."""
        settings = self.settings
        secret_id = settings.database_secret_id
        return Database(
            SecretUrl(self.credentials(secret_id), settings.database_url)
            if secret_id
            else settings.database_url,
            application_name=settings.function,
            prepare_threshold=5 if settings.database_prepare else None,
        )

    def credentials(self, secret_id: str) -> SecretCredentials:
        """Return the credentials of a database, which are read from the secret at first use."""
        return SecretCredentials(
            lambda: self.secrets.read(secret_id),
            secret_id,
            defaults_allowed=self.settings.stage == "local",
        )

    @cached_property
    def secrets(self) -> SecretSource:
        """Reads secrets from files or AWS, depending on their ids."""
        from groundwork_data.secret_sources import SecretSources

        settings = self.settings
        return SecretSources(settings.region, settings.aws_endpoint_url, os.environ)

    def work(self) -> PostgresUnitOfWork:
        """Return a new unit of work: `with wiring().work() as work: …`."""
        return PostgresUnitOfWork(self.database)

    def work_with_kept_plans(self) -> PostgresUnitOfWork:
        """Return a new unit of work for knowledge or callbacks; it begins in one round trip."""
        return PostgresUnitOfWork(self.database, keeps_plans=True)

    def _wake_relay(self) -> None:
        # A method of its own, because `nudge` needs `database`.
        self.nudge()

    @cached_property
    def nudge(self) -> Nudge:
        """Wakes the relay through its queue; does nothing if no queue is configured."""
        if not self.settings.relay_queue_url:
            return lambda: None
        from groundwork_data.postgres.relay_lease import (
            AwakeUntil,
            PostgresRelayLease,
        )
        from groundwork_runtime.relay_nudge import QueueNudge

        return QueueNudge(AwakeUntil(PostgresRelayLease(self.database)), self._relay_queue)

    def _relay_queue(self) -> Queue:
        """Return the relay's queue; boto3 is not imported if the environment has credentials."""
        from groundwork_data.aws.nudge_queue import NudgeQueue
        from groundwork_data.aws.signed_request import AwsCredentials

        url, credentials = (
            self.settings.relay_queue_url,
            AwsCredentials.from_environment(os.environ),
        )
        if credentials is None:
            return self.queue(url)
        return NudgeQueue(url, self.settings.region, credentials)

    def queue(self, url: str) -> SqsQueue:
        """Return the queue at a URL; its client is created at the first message."""
        if url not in self._queues:
            from groundwork_data.aws import clients
            from groundwork_data.aws.queues import SqsQueue

            region, endpoint = self.settings.region, self.settings.aws_endpoint_url
            self._queues[url] = SqsQueue(lambda: clients.sqs(region, endpoint), url)
        return self._queues[url]
