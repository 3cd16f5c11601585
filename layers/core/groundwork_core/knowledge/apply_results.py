"""Store the results of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from groundwork_core.jobs.model import WorkerJob
from groundwork_core.knowledge.model import ExtractionResult
from groundwork_core.knowledge.ports import KnowledgeWork
from groundwork_core.knowledge.statements import (
    EdgeKey,
    EntityKey,
    Origin,
    Stated,
    list_mentions,
    merge_edges,
    merge_entities,
)

DONE = frozenset({"succeeded", "cancelled"})


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """The summary of a result, stored as the job's `result`."""

    worker: str
    entities: int
    relationships: int
    mentions: int
    superseded: bool = False
    """The document has a newer revision with its own job, so nothing was written."""


def apply_results(results: Sequence[ExtractionResult], *, work: KnowledgeWork) -> int:
    """Apply results in one transaction and return how many were new.

    Idempotent by job: a result of a job that has ended or was deleted is ignored. Results of any
    attempt are accepted, and the first one counts, unless it names its lease and the job is leased
    to another worker.

    Raises:
        Invalid: a statement cannot be stored; nothing of the batch was stored.
        Unavailable: a deadlock or a lost connection; the call may be repeated.
    """
    by_job = {result.job_id: result for result in results}
    with work:
        jobs = [job for job in work.jobs.lock(list(by_job)) if job.status not in DONE]
        return _apply(
            [(by_job[job.id], job) for job in jobs if not _is_lost(by_job[job.id], job)], work
        )


def apply_held(result: ExtractionResult, job: WorkerJob, *, work: KnowledgeWork) -> None:
    """Apply the result of a job that is locked and whose lease holds, in a running transaction."""
    _apply([(result, job)], work)


def _is_lost(result: ExtractionResult, job: WorkerJob) -> bool:
    """Whether the job was leased to another worker since."""
    named = result.lease_token is not None and result.lease_token != job.lease_token
    return named and job.status == "leased"


def _apply(results: Sequence[tuple[ExtractionResult, WorkerJob]], work: KnowledgeWork) -> int:
    if results:
        pending = [(result, _origin(job)) for result, job in results]
        present = work.knowledge.revisions(
            [origin.document_id for _, origin in pending if origin.document_id]
        )
        current = [(r, o) for r, o in pending if _is_current(o, present)]
        _write(current, work)
        timely = {result.job_id for result, _ in current}
        work.jobs.succeed(
            [
                (result.job_id, asdict(_summary_of(result, superseded=result.job_id not in timely)))
                for result, _ in pending
            ]
        )
    return len(results)


def _write(stated: list[Stated], work: KnowledgeWork) -> None:
    if not stated:
        return
    entities = merge_entities(stated)
    done = work.knowledge.upsert_entities(entities)
    ids: dict[EntityKey, UUID] = {
        (row.type, row.key or ""): one.id for row, one in zip(entities, done, strict=True)
    }
    edges = merge_edges(stated, ids)
    edge_ids: dict[EdgeKey, UUID] = {
        (row.from_id, row.to_id, row.type, row.valid_from): one.id
        for row, one in zip(edges, work.knowledge.upsert_relationships(edges), strict=True)
    }
    work.knowledge.put_mentions(
        list_mentions(stated, ids, edge_ids),
        [(origin.document_id, origin.revision) for _, origin in stated if origin.document_id],
    )


def _origin(job: WorkerJob) -> Origin:
    revision = job.payload.get("revision")
    return Origin(job.id, job.document_id, revision if isinstance(revision, int) else 1)


def _is_current(origin: Origin, present: dict[UUID, int]) -> bool:
    if origin.document_id is None:
        return True
    return present.get(origin.document_id, 0) <= origin.revision


def _summary_of(result: ExtractionResult, *, superseded: bool) -> ResultSummary:
    return ResultSummary(
        worker=result.worker,
        entities=len(result.entities),
        relationships=len(result.relationships),
        mentions=len(result.mentions),
        superseded=superseded,
    )
