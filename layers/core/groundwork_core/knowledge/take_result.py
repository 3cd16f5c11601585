"""Apply the results that workers hand in over HTTP, under their leases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import Field, JsonValue, ValidationError

from groundwork_core.errors import Fault, GroundworkError, Invalid, Unavailable
from groundwork_core.jobs.apply_together import apply_together
from groundwork_core.jobs.hold import lost_of
from groundwork_core.jobs.lease_messages import Held
from groundwork_core.jobs.model import EXTRACT, WorkerJob
from groundwork_core.jobs.ports import Lease
from groundwork_core.knowledge.apply_results import apply_held, finish_weighing
from groundwork_core.knowledge.hand_in import TRIES
from groundwork_core.knowledge.model import StatedResult
from groundwork_core.knowledge.ports import ResultWork
from groundwork_core.knowledge.read_result import read_result
from groundwork_core.knowledge.result_2 import RESULT_CONTRACT_2
from groundwork_core.resources.bounded_json import JSON_BYTES_MAX, stored_bytes
from groundwork_core.validation_faults import validation_faults

if TYPE_CHECKING:
    from groundwork_core.clock import Clock

STATED = frozenset({"contract", "entities", "relationships", "mentions", "embeddings", "partial"})
"""Members that make a result one of the extraction contract."""
Handed = tuple[Lease, dict[str, JsonValue]]


class ResultHandedIn(Held):
    """The result of a job, with its lease."""

    result: dict[str, JsonValue] = Field(
        description="As docs/contracts/extraction-result-2.json, or -1.json if `contract` says so;"
        " `contract` (version 2), `job_id`, `attempt` and `worker` may be left out. Jobs of other"
        " kinds may have any object of up to 1 MB."
    )


class ResultOfJob(ResultHandedIn):
    """The result of one of several jobs."""

    id: UUID = Field(description="The job.")


@dataclass(frozen=True, slots=True)
class TakenResults:
    """The error of each result, or None if it was applied, and the position of the last commit."""

    errors: list[GroundworkError | None]
    position: str | None


def take_result(
    job_id: UUID, handed: ResultHandedIn, *, work: Callable[[], ResultWork], clock: Clock
) -> str | None:
    """Apply a result in one transaction; return the commit's position.

    The job has then succeeded, unless the result is partial. Repeating a result or a part under the
    same lease changes nothing.

    Raises:
        NotFound: there is no job with this id.
        LeaseLost: the token is not that of the current lease.
        Conflict: it is the last part, and earlier parts are missing; the lease continues.
        Invalid: the result breaks its contract; the lease continues.
        Unavailable: a deadlock or a lost connection; the call may be repeated.
    """
    one = [(Lease(job_id, handed.lease_token), handed.result)]
    taken = _retried(lambda: _take(one, work(), clock))
    for error in taken.errors:
        if error is not None:
            raise error
    return taken.position


def take_results(
    handed: Sequence[ResultOfJob], *, work: Callable[[], ResultWork], clock: Clock
) -> TakenResults:
    """Apply results of several jobs, those of different jobs in one transaction.

    Each has its own outcome: None, or an error that `take_result` raises. Results of the same job,
    such as its parts, are applied in their order, in transactions of their own.

    Raises:
        Unavailable: as `take_result`; nothing was applied.
    """
    position: str | None = None

    def apply(some: Sequence[int]) -> list[GroundworkError | None]:
        nonlocal position
        results = [(Lease(handed[n].id, handed[n].lease_token), handed[n].result) for n in some]
        taken = _retried(lambda: _take(results, work(), clock))
        position = taken.position or position
        return taken.errors

    errors: dict[int, GroundworkError | None] = {}
    for places in _rounds([one.id for one in handed]):
        try:
            errors |= zip(places, apply_together(places, apply), strict=True)
        except Unavailable as error:
            if not errors:
                raise
            errors |= dict.fromkeys(places, error)
    return TakenResults([errors[place] for place in range(len(handed))], position)


def _rounds(jobs: Sequence[UUID]) -> list[list[int]]:
    """Return the places of the first result of each job, then those of the second ones, …."""
    rounds: list[list[int]] = []
    seen: dict[UUID, int] = {}
    for place, job in enumerate(jobs):
        number = seen[job] = seen.get(job, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(place)
    return rounds


def _retried(act: Callable[[], TakenResults]) -> TakenResults:
    for left in reversed(range(TRIES)):
        try:
            return act()
        except Unavailable as busy:
            # After a deadlock, try again. Others, such as RightsChanged, are for the caller.
            if not left or type(busy) is not Unavailable:
                raise
    raise AssertionError


def _take(handed: Sequence[Handed], work: ResultWork, clock: Clock) -> TakenResults:
    """Apply results of different jobs in one transaction, without those that are not valid."""
    stated: list[tuple[StatedResult, WorkerJob]] = []
    others: list[tuple[UUID, dict[str, JsonValue]]] = []
    with work:
        jobs = {job.id: job for job in work.jobs.lock([lease.job_id for lease, _ in handed])}
        now = clock.now()
        errors = _not_held([lease for lease, _ in handed], jobs, work, now)
        for lease, result in handed:
            if lease in errors:
                continue
            job = jobs[lease.job_id]
            try:
                if job.kind == EXTRACT or STATED & result.keys():
                    stated.append((_checked(result, job), job))
                else:
                    others.append((job.id, _bounded(result)))
                errors[lease] = None
            except Invalid as broken:
                errors[lease] = _of_result(broken)
        try:
            left = apply_held(stated, work=work, now=now)
        except Invalid as broken:
            raise _of_result(broken) from broken
        work.jobs.succeed(others)
    position = work.position if stated or others else None  # locks alone have one too
    finish_weighing(left, work)
    return TakenResults([errors[lease] for lease, _ in handed], position)


def _not_held(
    leases: Sequence[Lease], jobs: Mapping[UUID, WorkerJob], work: ResultWork, now: datetime
) -> dict[Lease, GroundworkError | None]:
    """Return the error of each lease that is not current; None if its result was accepted."""
    lost = [
        lease
        for lease in leases
        if lease.job_id not in jobs or not jobs[lease.job_id].is_held(lease.token, now)
    ]
    accepted = work.leases.succeeded_with(lost) if lost else set()
    return {one: None if one in accepted else lost_of(jobs.get(one.job_id)) for one in lost}


def _of_result(broken: Invalid) -> Invalid:
    """Return the error with pointers into the whole body."""
    faults = [Fault(f"/result{one.pointer}", one.detail) for one in broken.faults]
    return Invalid(broken.detail, tuple(faults))


def _bounded(result: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if stored_bytes(result) > JSON_BYTES_MAX:
        detail = f"must take at most {JSON_BYTES_MAX:,} bytes as JSON"
        raise Invalid("The input is invalid; see errors.", (Fault("", detail),))
    return result


def _checked(result: dict[str, JsonValue], job: WorkerJob) -> StatedResult:
    own: dict[str, JsonValue] = {
        "contract": RESULT_CONTRACT_2,
        "job_id": str(job.id),
        "attempt": job.attempt,
        "worker": job.lease_owner,
    }
    for name in ("job_id", "attempt"):
        if name in result and result[name] != own[name]:
            fault = Fault(f"/{name}", "is not that of the lease")
            raise Invalid("The input is invalid; see errors.", (fault,))
    whole = own | result | {"lease_token": str(job.lease_token)}
    try:
        return read_result(whole)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        faults = validation_faults(found[:100], whole)
        raise Invalid("The input is invalid; see errors.", faults) from None
