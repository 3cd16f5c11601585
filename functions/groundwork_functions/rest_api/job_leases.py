"""Leases of jobs, for workers that poll over HTTP."""

from inspect import Parameter, Signature
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.jobs import hold
from groundwork_core.jobs.include_documents import include_documents
from groundwork_core.jobs.lease import lease_for_messages
from groundwork_core.jobs.lease_messages import (
    Attempts,
    Deferral,
    FailureReport,
    Held,
    JobStats,
    Leased,
    LeasedJobs,
    LeaseRequest,
    Replayed,
    ReplayRequest,
    ReportTaken,
    StatusReport,
)
from groundwork_core.jobs.replay_job import replay_job
from groundwork_core.jobs.resource import JOBS
from groundwork_core.knowledge.take_result import ResultHandedIn, take_result
from groundwork_core.resources.reading import read_one
from groundwork_functions.rest_api import job_batches
from groundwork_runtime.http.body_limits import MANY_BYTES_MAX
from groundwork_runtime.http.decoding import decode
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resources import no_parameters
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.wiring import Wiring

SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}
WRITE = "jobs:write"

router = Router()
results = Router(MANY_BYTES_MAX)


def shown(job_id: UUID, wiring: Wiring, position: str | None) -> HttpResponse:
    """Return a response with the current state of a job."""
    stored = read_one(JOBS, job_id, store=wiring.resources)
    headers = {"ETag": f'"{stored.tag}"'}
    if position is not None:
        headers["X-Groundwork-Position"] = position
    return HttpResponse(200, stored.body, JSON, headers)


def lease(request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
    """Lease one job, or get 204 if none waits; with `max` or `messages`, lease a list of jobs."""
    no_parameters(request)
    asked = decode(LeaseRequest, request)
    for needed in ("documents:read", "sources:read") if asked.include else ():
        caller.must(needed)
    work, clock = wiring.work(), wiring.database_clock
    if asked.messages:
        leased = lease_for_messages(asked, work=work, clock=clock)
    else:
        leased = hold.lease_jobs(
            asked,
            quick=wiring.quick_leases,
            empty=wiring.empty_kinds,
            work=work,
            clock=clock,
        )
    if asked.include:
        leased = include_documents(leased, documents=wiring.leased_documents)
    if asked.max is not None or asked.messages:
        return HttpResponse(200, f'{{"items":[{",".join(leased)}]}}')
    if not leased:
        return HttpResponse(204, None, None)
    return HttpResponse(200, leased[0])


def _lease_signature() -> Signature:
    body = Parameter("body", Parameter.KEYWORD_ONLY, annotation=LeaseRequest)
    return Signature([body], return_annotation=Leased | LeasedJobs)


router.add(
    Operation(
        "POST",
        "/api/v1/jobs/lease",
        lease,
        200,
        WRITE,
        None,
        signature=_lease_signature,
        docs={
            "operation_id": "leaseJobs",
            "summary": "Lease the next waiting job, or several",
            "result": "The job; with `max` or `messages`, a list of jobs.",
            "tag": "jobs",
            "empty": True,
        },
    )
)


@router.post(
    "/api/v1/jobs/replay",
    needs=WRITE,
    operation_id="replayJobs",
    result="How many jobs were queued again.",
    tag="jobs",
)
def replay_many(body: ReplayRequest, wiring: Wiring) -> Replayed:
    """Queue failed and quarantined jobs of a kind again, ten a second, up to 1,000."""
    return hold.replay_jobs(body, work=wiring.work(), clock=wiring.database_clock)


@router.get(
    "/api/v1/jobs/stats",
    needs="jobs:read",
    operation_id="readJobStats",
    result="The counts by kind.",
    tag="jobs",
)
def stats(wiring: Wiring) -> JobStats:
    """Count the waiting, leased, paused and quarantined jobs of each kind."""
    return hold.job_stats(work=wiring.work(), clock=wiring.database_clock)


@router.get(
    "/api/v1/jobs/<job_id>/attempts",
    needs="jobs:read",
    operation_id="listJobAttempts",
    result="The leases of the job.",
    tag="jobs",
)
def attempts(job_id: UUID, wiring: Wiring) -> Attempts:
    """List the attempts of a job, oldest first; at most the last thousand."""
    return hold.list_attempts(job_id, work=wiring.work(), clock=wiring.database_clock)


@router.post(
    "/api/v1/jobs/<job_id>/status",
    needs=WRITE,
    operation_id="reportJobStatus",
    result="The new end of the lease, and whether the worker should stop.",
    tag="jobs",
    problems=(409,),
)
def status(job_id: UUID, body: StatusReport, wiring: Wiring) -> ReportTaken:
    """Report progress and extend the lease; the response says whether to stop."""
    return hold.report_status(
        job_id, body, quick=wiring.quick_leases, work=wiring.work(), clock=wiring.database_clock
    )


@results.post(
    "/api/v1/jobs/<job_id>/results",
    needs=WRITE,
    operation_id="handInJobResult",
    result="The succeeded job.",
    tag="jobs",
    problems=(409,),
    returns=SHOWN,
    writes=True,
)
def hand_in(job_id: UUID, body: ResultHandedIn, wiring: Wiring) -> HttpResponse:
    """Hand in a result of up to 10 MB, which is applied in one transaction.

    Repeating it is safe.
    """
    position = take_result(
        job_id, body, work=wiring.work_with_kept_plans, clock=wiring.database_clock
    )
    return shown(job_id, wiring, position)


@router.post(
    "/api/v1/jobs/<job_id>/failure",
    needs=WRITE,
    operation_id="reportJobFailure",
    result="The job after the failure.",
    tag="jobs",
    problems=(409,),
    returns=SHOWN,
    writes=True,
)
def failure(job_id: UUID, body: FailureReport, wiring: Wiring) -> HttpResponse:
    """Report that the attempt failed.

    Depending on the class of the failure, the job is queued again, quarantined, or failed.
    """
    work = wiring.work()
    hold.fail_leased(job_id, body, work=work, clock=wiring.database_clock)
    return shown(job_id, wiring, work.position)


@router.post(
    "/api/v1/jobs/<job_id>/release",
    needs=WRITE,
    operation_id="releaseJob",
    result="The job after the release.",
    tag="jobs",
    problems=(409,),
    returns=SHOWN,
    writes=True,
)
def release(job_id: UUID, body: Held, wiring: Wiring) -> HttpResponse:
    """Give a job back without counting the attempt."""
    work = wiring.work()
    hold.release(job_id, body.lease_token, work=work, clock=wiring.database_clock)
    return shown(job_id, wiring, work.position)


@router.post(
    "/api/v1/jobs/<job_id>/defer",
    needs=WRITE,
    operation_id="deferJob",
    result="The deferred job.",
    tag="jobs",
    problems=(409,),
    returns=SHOWN,
    writes=True,
)
def defer(job_id: UUID, body: Deferral, wiring: Wiring) -> HttpResponse:
    """Give a job back until an outside batch should be checked; no attempt is counted.

    The pause is at most 48 hours.
    """
    work = wiring.work()
    hold.defer(job_id, body, work=work, clock=wiring.database_clock)
    return shown(job_id, wiring, work.position)


@router.post(
    "/api/v1/jobs/<job_id>/cancel",
    needs=WRITE,
    operation_id="cancelJob",
    result="The job after the request to cancel it.",
    tag="jobs",
    problems=(409,),
    returns=SHOWN,
    writes=True,
)
def cancel(job_id: UUID, wiring: Wiring) -> HttpResponse:
    """Cancel a queued job, or ask the worker of a leased one to stop at its next report."""
    work = wiring.work()
    hold.cancel(job_id, work=work, clock=wiring.database_clock)
    return shown(job_id, wiring, work.position)


@router.post(
    "/api/v1/jobs/<job_id>/replay",
    needs=WRITE,
    operation_id="replayJob",
    result="The queued job.",
    tag="jobs",
    problems=(409,),
    returns=SHOWN,
    writes=True,
)
def replay(job_id: UUID, wiring: Wiring) -> HttpResponse:
    """Queue a failed, quarantined or cancelled job again, with its full number of attempts."""
    work = wiring.work()
    replay_job(job_id, work=work, clock=wiring.database_clock)
    return shown(job_id, wiring, work.position)


router.include(results)
router.include(job_batches.router)
