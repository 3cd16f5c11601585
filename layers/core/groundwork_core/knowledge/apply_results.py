"""Store the results of workers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.errors import Fault, Invalid
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.ports import Lease
from groundwork_core.knowledge.confidence import weigh, weigh_left
from groundwork_core.knowledge.embedding_rows import list_embeddings
from groundwork_core.knowledge.mention_rows import list_mentions
from groundwork_core.knowledge.model import StatedResult
from groundwork_core.knowledge.ports import ResultWork
from groundwork_core.knowledge.result_2 import DOCUMENT, ExtractionResult2
from groundwork_core.knowledge.result_parts import (
    counted,
    in_order,
    is_part,
    is_partial,
    must_be_whole,
    summed,
)
from groundwork_core.knowledge.statements import (
    EdgeKey,
    EntityKey,
    Origin,
    Stated,
    merge_edges,
    merge_entities,
)

DONE = frozenset({"succeeded", "cancelled"})
Pending = tuple[StatedResult, WorkerJob]


def apply_results(results: Sequence[StatedResult], *, work: ResultWork, now: datetime) -> int:
    """Apply results in one transaction and return how many were new.

    Idempotent by job and part: results of jobs that have ended or were deleted are ignored. The
    first result of a job counts, whichever attempt it is from. A result that names its lease is
    ignored once the job is leased to another worker. All parts of a result belong to one lease.

    Raises:
        Invalid: a statement cannot be stored; nothing of the batch was stored.
        Conflict: a last part came before the others.
        Unavailable: a deadlock or a lost connection; the call may be repeated.
    """
    by_job: dict[UUID, list[StatedResult]] = {}
    for result in sorted(results, key=in_order):
        by_job.setdefault(result.job_id, []).append(result)
    applied = 0
    for place in range(max(map(len, by_job.values()), default=0)):
        due = {job: parts[place] for job, parts in by_job.items() if place < len(parts)}
        with work:
            jobs = [job for job in work.jobs.lock(list(due)) if job.status not in DONE]
            pending = [(due[job.id], job) for job in jobs if not _is_lost(due[job.id], job)]
            left = apply_held(pending, work=work, now=now)
        finish_weighing(left, work)
        applied += len(pending)
    return applied


def finish_weighing(left: set[UUID], work: ResultWork) -> None:
    """Compute, in a transaction of its own, confidences of entities that were locked by others."""
    if left:
        with work:
            weigh_left(left, work.confidences)


def _is_lost(result: StatedResult, job: WorkerJob) -> bool:
    """Return whether the job was leased to another worker since; a part needs its own lease."""
    if result.lease_token is None:
        return False
    return result.lease_token != job.lease_token and (job.status == "leased" or is_part(result))


def apply_held(results: Sequence[Pending], *, work: ResultWork, now: datetime) -> set[UUID]:
    """Apply results of different locked jobs with valid leases, in a running transaction.

    Returns the entities that the caller gives to `finish_weighing` after the commit.

    Raises the errors of `apply_results`.
    """
    if not results:
        return set()
    pending = [(result, job, _origin(job)) for result, job in results]
    revisions, parts = work.knowledge.present(
        [origin.document_id for *_, origin in pending if origin.document_id],
        [result.lease_token for result, *_ in pending if result.lease_token],
    )
    current: list[Stated] = []
    ended: list[tuple[UUID, dict[str, JsonValue]]] = []
    for result, job, origin in pending:
        before = parts.get(result.lease_token, []) if result.lease_token else []
        taken = counted(result, before)
        if is_partial(result) and any(one.part == taken.part for one in before):
            continue
        superseded = not _is_current(origin, revisions)
        if not superseded:
            must_be_whole(result, before)
            current.append((result, origin))
        if is_partial(result) and result.lease_token and not superseded:
            work.knowledge.take_part(Lease(job.id, result.lease_token), taken)
            _extend(job, result.lease_token, work, now)
        else:
            summary = {**summed([*before, taken]), "superseded": superseded}
            ended.append((job.id, {"worker": result.worker, **summary}))
    left = _write(current, work)
    work.jobs.succeed(ended)
    return left


def _extend(job: WorkerJob, token: UUID, work: ResultWork, now: datetime) -> None:
    """Extend the lease, as a status report does."""
    lease = Lease(job.id, token)
    work.leases.report(lease, now, progress=job.progress, message=None, checkpoint=None)


def _write(stated: list[Stated], work: ResultWork) -> set[UUID]:
    if not stated:
        return set()
    _check_embeddings(stated, work)
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
    unstated = work.knowledge.put_mentions(
        list_mentions(stated, ids, edge_ids),
        [(origin.document_id, origin.revision) for _, origin in stated if origin.document_id],
    )
    embeddings = list_embeddings(stated, ids)
    for model, dimensions in sorted({(one.model, len(one.vector)) for one in embeddings}):
        work.embeddings.learn_model(model, dimensions)
    work.embeddings.put(embeddings)
    return weigh({*ids.values(), *unstated}, work.confidences)


def _check_embeddings(stated: list[Stated], work: ResultWork) -> None:
    """Raise Invalid for embeddings without a document, or not in the model's dimensions."""
    given = [
        (result, origin)
        for result, origin in stated
        if isinstance(result, ExtractionResult2) and result.embeddings
    ]
    known = dict(work.embeddings.models()) if given else {}
    faults: list[Fault] = []
    for result, origin in given:
        for place, one in enumerate(result.embeddings):
            wanted = known.setdefault(one.model, len(one.vector))
            if len(one.vector) != wanted:
                detail = f"must have {wanted} dimensions, as all of this model"
                faults.append(Fault(f"/embeddings/{place}/vector", detail))
            if one.subject == DOCUMENT and origin.document_id is None:
                faults.append(Fault(f"/embeddings/{place}/subject", "the job has no document"))
    if faults:
        raise Invalid("The input is invalid; see errors.", tuple(faults[:100]))


def _origin(job: WorkerJob) -> Origin:
    revision = job.payload.get("revision")
    return Origin(job.id, job.document_id, revision if isinstance(revision, int) else 1)


def _is_current(origin: Origin, present: dict[UUID, int]) -> bool:
    if origin.document_id is None:
        return True
    return present.get(origin.document_id, 0) <= origin.revision
