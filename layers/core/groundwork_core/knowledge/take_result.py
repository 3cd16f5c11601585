"""Take the result that a worker hands in over HTTP, under its lease."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import Field, JsonValue, ValidationError

from groundwork_core.errors import Fault, Invalid, Unavailable
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

if TYPE_CHECKING:
    from groundwork_core.clock import Clock

STATED = frozenset({"contract", "entities", "relationships", "mentions", "embeddings", "partial"})
"""Members that make a result one of the extraction contract."""


class ResultHandedIn(Held):
    """What a worker made of its job."""

    result: dict[str, JsonValue] = Field(
        description="As docs/contracts/extraction-result-2.json, or -1.json if `contract` says so;"
        " `contract` (version 2), `job_id`, `attempt` and `worker` may be left out. Jobs of other"
        " kinds may have any object of up to 1 MB."
    )


def take_result(
    job_id: UUID, handed: ResultHandedIn, *, work: Callable[[], ResultWork], clock: Clock
) -> str | None:
    """Apply a result in one transaction; return the commit's position.

    It ends the job well, unless it is partial. Handing the same result or part in again under the
    same lease changes nothing.

    Raises:
        NotFound: there is no job with this id.
        LeaseLost: this is not its present lease.
        Conflict: it is the last part, and parts before it are missing; the lease goes on.
        Invalid: the result breaks its contract; the lease goes on.
        Unavailable: a deadlock or a lost connection; the call may be repeated.
    """
    for left in reversed(range(TRIES)):
        try:
            return _take(Lease(job_id, handed.lease_token), handed.result, work(), clock)
        except Unavailable as busy:
            # The other side of a deadlock has gone on; rights that changed are for the caller.
            if not left or type(busy) is not Unavailable:
                raise
    raise AssertionError


def _take(lease: Lease, result: dict[str, JsonValue], work: ResultWork, clock: Clock) -> str | None:
    left: set[UUID] = set()
    with work:
        job = work.jobs.get(lease.job_id)
        if job is None or not job.is_held(lease.token, clock.now()):
            if work.leases.succeeded_with(lease):
                return None
            raise lost_of(job)
        if job.kind == EXTRACT or STATED & result.keys():
            left = _apply(result, job, work, clock)
        else:
            if stored_bytes(result) > JSON_BYTES_MAX:
                detail = f"must take at most {JSON_BYTES_MAX:,} bytes as JSON"
                raise Invalid("The input is invalid; see errors.", (Fault("/result", detail),))
            work.leases.finish(lease, result)
    position = work.position
    finish_weighing(left, work)
    return position


def _apply(
    result: dict[str, JsonValue], job: WorkerJob, work: ResultWork, clock: Clock
) -> set[UUID]:
    try:
        return apply_held(_checked(result, job), job, work=work, now=clock.now())
    except Invalid as broken:
        faults = [Fault(f"/result{one.pointer}", one.detail) for one in broken.faults]
        raise Invalid(broken.detail, tuple(faults)) from broken


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
    try:
        return read_result(own | result | {"lease_token": str(job.lease_token)})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid(
            "The input is invalid; see errors.",
            tuple(
                Fault(
                    "/" + "/".join(str(part) for part in fault["loc"]) if fault["loc"] else "",
                    str(fault["msg"]).removeprefix("Value error, "),
                )
                for fault in found[:100]
            ),
        ) from None
