"""What a client may do to a job."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.errors import Conflict
from groundwork_core.jobs.resource import JOBS
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.write_hooks import NoWriteHooks


class JobWriteHooks(NoWriteHooks[ResourceWork]):
    """A client may change or cancel a job only while it waits."""

    def before_change(self, row_id: UUID, fields: frozenset[str], work: ResourceWork) -> None:
        """Refuse to change what runs or has ended; the version guards what happens meanwhile.

        Raises:
            Conflict: the job is not queued.
        """
        now = work.resources.read(JOBS, row_id)
        status = now.parsed()["status"] if now is not None and fields else "queued"
        if status != "queued":
            raise Conflict(f"The job is {status}; only a queued one can be changed.")
