"""The reference worker: lease jobs, read documents, extract, hand in results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.clock import Clock
from groundwork_core.documents.facts import DocumentFacts
from groundwork_core.documents.ports import DocumentsWork, RegistrableHost
from groundwork_core.errors import GroundworkError
from groundwork_core.jobs.fail_jobs import fail_jobs
from groundwork_core.jobs.lease import lease_from_queue
from groundwork_core.jobs.model import FailureClass, JobMessage, WorkerJob
from groundwork_core.jobs.ports import JobFailure, JobsWork
from groundwork_core.queues import Queue
from groundwork_functions.reference_extractor.statements import state
from groundwork_runtime.queues import Message

log = logging.getLogger(__name__)


class ExtractionWork(JobsWork, DocumentsWork, Protocol):
    """A unit of work with stores of jobs and documents."""


class Extract:
    """Processes a batch of jobs in three round trips to Postgres and one to the queue."""

    def __init__(
        self,
        *,
        work: Callable[[], ExtractionWork],
        clock: Clock,
        results: Queue,
        registrable_host: RegistrableHost,
    ) -> None:
        """`work` returns a new unit of work; `results` is the queue of results."""
        self._work = work
        self._clock = clock
        self._results = results
        self._registrable_host = registrable_host

    def __call__(
        self, messages: Sequence[Message[JobMessage]]
    ) -> Iterator[tuple[Message[JobMessage], GroundworkError | None]]:
        """Hand in a result, or a failure, for each job that could be leased.

        A message for which no job waits any more succeeds without work. If the results cannot be
        sent, all messages are delivered again and renew their leases.
        """
        wanted = [(message.body.kind, message.id) for message in messages]
        jobs = lease_from_queue(wanted, work=self._work(), clock=self._clock)
        if jobs:
            self._hand_in(jobs)
        yield from ((message, None) for message in messages)

    def _hand_in(self, jobs: list[WorkerJob]) -> None:
        with self._work() as work:
            found = work.documents.facts([job.document_id for job in jobs if job.document_id])
        facts = {one.document_id: one for one in found}
        results: list[dict[str, JsonValue]] = []
        failures: list[JobFailure] = []
        for job in jobs:
            outcome = self._work_on(job, facts)
            if isinstance(outcome, JobFailure):
                failures.append(outcome)
            else:
                results.append(outcome)
        if results:
            self._results.send(results)
        if failures:
            fail_jobs(failures, work=self._work(), clock=self._clock)

    def _work_on(
        self, job: WorkerJob, facts: dict[UUID, DocumentFacts]
    ) -> dict[str, JsonValue] | JobFailure:
        known = facts.get(job.document_id) if job.document_id else None
        if known is None:
            return JobFailure(job.id, FailureClass.BAD_INPUT, "The job has no document.")
        try:
            stated = state(
                known,
                job_id=job.id,
                attempt=job.attempt,
                registrable_host=self._registrable_host,
            )
        except Exception as error:  # one document must not fail the rest of the batch
            log.exception("extraction failed", extra={"job_id": str(job.id)})
            return JobFailure(job.id, FailureClass.INTERNAL, f"{type(error).__name__}: {error}")
        return {**stated, "lease_token": str(job.lease_token)}
