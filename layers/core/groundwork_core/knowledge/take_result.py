"""Take the result that a worker hands in over HTTP, under its lease."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import Field, JsonValue, ValidationError

from groundwork_core.errors import Fault, Invalid, Unavailable
from groundwork_core.jobs.hold import lost
from groundwork_core.jobs.lease_messages import Held
from groundwork_core.jobs.model import EXTRACT, WorkerJob
from groundwork_core.jobs.ports import Lease
from groundwork_core.knowledge.apply_results import apply_held
from groundwork_core.knowledge.hand_in import TRIES
from groundwork_core.knowledge.model import RESULT_CONTRACT, ExtractionResult
from groundwork_core.knowledge.ports import ResultWork
from groundwork_core.resources.bounded_json import JSON_BYTES_MAX, stored_bytes

if TYPE_CHECKING:
    from groundwork_core.clock import Clock

STATED = frozenset({"contract", "entities", "relationships", "mentions"})
"""Members that make a result one of the extraction contract."""


class ResultHandedIn(Held):
    """What a worker made of its job."""

    result: dict[str, JsonValue] = Field(
        description="As docs/contracts/extraction-result-1.json; `contract`, `job_id`, `attempt`"
        " and `worker` may be left out. Jobs of other kinds may have any object of up to 1 MB."
    )


def take_result(
    job_id: UUID, handed: ResultHandedIn, *, work: Callable[[], ResultWork], clock: Clock
) -> str | None:
    """Apply a result in one transaction and end its job well; return the commit's position.

    Handing the same result in again under the same lease changes nothing.

    Raises:
        NotFound: there is no job with this id.
        LeaseLost: this is not its present lease.
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
    with work:
        if not work.leases.holds(lease, clock.now()):
            if work.leases.succeeded_with(lease):
                return None
            raise lost(lease, work)
        (job,) = work.jobs.lock([lease.job_id])
        if job.kind == EXTRACT or STATED & result.keys():
            apply_held(_checked(result, job), job, work=work)
        else:
            if stored_bytes(result) > JSON_BYTES_MAX:
                detail = f"must take at most {JSON_BYTES_MAX:,} bytes as JSON"
                raise Invalid("The input has faults.", (Fault("/result", detail),))
            work.leases.finish(lease, result)
    return work.position


def _checked(result: dict[str, JsonValue], job: WorkerJob) -> ExtractionResult:
    own: dict[str, JsonValue] = {
        "contract": RESULT_CONTRACT,
        "job_id": str(job.id),
        "attempt": job.attempt,
        "worker": job.lease_owner,
    }
    for name in ("job_id", "attempt"):
        if name in result and result[name] != own[name]:
            raise Invalid(
                "The input has faults.", (Fault(f"/result/{name}", "is not that of the lease"),)
            )
    try:
        return ExtractionResult.model_validate(own | result)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid(
            "The input has faults.",
            tuple(
                Fault(
                    "/result/" + "/".join(str(part) for part in fault["loc"]),
                    str(fault["msg"]).removeprefix("Value error, "),
                )
                for fault in found[:100]
            ),
        ) from None
