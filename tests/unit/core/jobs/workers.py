"""Jobs and their workers on the in-memory stores."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.fakes.callers import FakeClock
from tests.fakes.job_rows import JobRows
from tests.fakes.leases import MemoryQuickLeases
from tests.fakes.tables import Row, Tables
from tests.fakes.work import MemoryWork

from groundwork_core.jobs import hold
from groundwork_core.jobs.empty_kinds import EmptyKinds
from groundwork_core.jobs.lease import lease_for_messages
from groundwork_core.jobs.lease_messages import Attempt, Leased, LeaseRequest

KIND = "tag"
QUEUE_LEASE_SECONDS = 300


@dataclass
class Workers:
    """The use cases of jobs with their ports; the database's clock is theirs."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(datetime(2026, 11, 30, tzinfo=UTC)))

    def __post_init__(self) -> None:
        self.work = MemoryWork(Tables(lambda: self.clock.moment))
        self.quick = MemoryQuickLeases(self.work.tables)
        self.empty = EmptyKinds()
        self._rows = JobRows(self.work.tables)

    def add(self, **fields: Any) -> UUID:
        return self._rows.insert(KIND, **fields)

    def row(self, job_id: UUID) -> Row:
        row = self._rows.get(job_id)
        assert row is not None
        return row

    def lease(self, seconds: int = 60, most: int | None = None) -> list[Leased]:
        asked = LeaseRequest(kinds=(KIND,), worker="w", lease_seconds=seconds, max=most)
        found = hold.lease_jobs(
            asked, quick=self.quick, empty=self.empty, work=self.work, clock=self.clock
        )
        return [Leased.model_validate_json(text) for text in found]

    def one(self, seconds: int = 60) -> Leased:
        (job,) = self.lease(seconds)
        return job

    def lease_for(self, *messages: str) -> list[Leased]:
        asked = LeaseRequest(
            kinds=(KIND,), worker="w", lease_seconds=QUEUE_LEASE_SECONDS, messages=messages
        )
        found = lease_for_messages(asked, work=self.work, clock=self.clock)
        return [Leased.model_validate_json(text) for text in found]

    def attempts(self, job_id: UUID) -> list[Attempt]:
        return hold.list_attempts(job_id, work=self.work, clock=self.clock).items

    def outcomes(self, job_id: UUID) -> list[str | None]:
        return [one.outcome for one in self.attempts(job_id)]
