"""Changes of jobs by clients, on the in-memory stores."""

import json
from uuid import UUID

import pytest

from groundwork_core.errors import Conflict
from groundwork_core.jobs.resource import JOBS
from groundwork_core.jobs.write_hooks import JobWriteHooks

from .workers import Workers


def change(workers: Workers, job_id: UUID, **fields: object) -> None:
    with workers.work as work:
        JobWriteHooks().before_change(job_id, frozenset(fields), work)
        version = workers.row(job_id)["version"]
        work.resources.update(JOBS, job_id, version, tuple(fields), json.dumps(fields))


def test_a_queued_job_can_be_changed(workers: Workers) -> None:
    later, first = workers.add(), workers.add()
    change(workers, first, priority=9)
    assert workers.one().id == first
    change(workers, later, status="cancelled")
    assert workers.lease() == []


def test_a_leased_job_cannot_be_changed(workers: Workers) -> None:
    job_id = workers.add()
    workers.one()
    with pytest.raises(Conflict, match="leased; only a queued job can be changed"):
        change(workers, job_id, priority=9)
    assert workers.row(job_id)["priority"] == 5


def test_a_change_of_nothing_is_always_allowed(workers: Workers) -> None:
    job_id = workers.add()
    workers.one()
    change(workers, job_id)
