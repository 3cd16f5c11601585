"""Hooks of writes of jobs by clients."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.errors import Conflict
from groundwork_core.jobs.resource import JOBS
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.write_hooks import NoWriteHooks


class JobWriteHooks(NoWriteHooks[ResourceWork]):
    """Refuses changes of jobs that are not queued."""

    def before_change(self, row_id: UUID, fields: frozenset[str], work: ResourceWork) -> None:
        """Refuse to change a job that is not queued. The version check prevents races.

        Raises:
            Conflict: the job is not queued.
        """
        now = work.resources.read(JOBS, row_id)
        status = now.parsed()["status"] if now is not None and fields else "queued"
        if status != "queued":
            raise Conflict(f"The job is {status}; only a queued job can be changed.")
