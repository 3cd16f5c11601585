"""Results and status reports of several leased jobs in one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, Literal, Unpack
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from groundwork_core.errors import GroundworkError, Invalid
from groundwork_core.jobs.lease_rules import LEASES_MAX
from groundwork_core.jobs.report_many import StatusOfJob, report_statuses
from groundwork_core.knowledge.take_result import ResultOfJob, take_results
from groundwork_runtime.http.body_limits import MANY_BYTES_MAX
from groundwork_runtime.http.bulk import ItemFault
from groundwork_runtime.http.bulk_items import FAULTS_MAX, BulkItems
from groundwork_runtime.http.problem import item_problem
from groundwork_runtime.http.resources import no_parameters
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Operation, OperationDocs, Router

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_core.resources.bulk import Refused
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

WRITE = "jobs:write"
OK = 200
IN_ORDER = "One result per item, in order; items may fail individually."


class JobProblem(BaseModel):
    """The problem that the request for this job alone would get; `errors` if it is invalid."""

    model_config = ConfigDict(defer_build=True)

    type: str
    title: str
    detail: str
    errors: list[ItemFault] | None = None


class ResultOutcome(BaseModel):
    """The outcome of one result: status 200, or `error` and its status."""

    model_config = ConfigDict(defer_build=True)

    index: int
    status: Literal[200, 404, 409, 422, 503]
    id: UUID | None = None
    error: JobProblem | None = None


class StatusOutcome(ResultOutcome):
    """The outcome of one status report: the new end of the lease, or `error` and its status."""

    leased_until: datetime | None = None
    cancel_requested: bool | None = None


class ResultOutcomes(BaseModel):
    """One outcome per result, in the order of the request."""

    model_config = ConfigDict(defer_build=True)

    results: list[ResultOutcome]


class StatusOutcomes(BaseModel):
    """One outcome per status report, in the order of the request."""

    model_config = ConfigDict(defer_build=True)

    results: list[StatusOutcome]


RESULTS = BulkItems(ResultOfJob, LEASES_MAX)
REPORTS = BulkItems(StatusOfJob, LEASES_MAX)


def hand_in(request: Request, _caller: Caller, wiring: Wiring) -> HttpResponse:
    """Apply the results of several jobs, each with its own outcome."""
    no_parameters(request)
    good, bad = RESULTS.read(request)
    taken = take_results(
        list(good.values()), work=wiring.work_with_kept_plans, clock=wiring.database_clock
    )
    outcomes = {
        place: _outcome(place, item.id, error)
        for (place, item), error in zip(good.items(), taken.errors, strict=True)
    }
    headers = {} if taken.position is None else {"X-Groundwork-Position": taken.position}
    return _response(outcomes, bad, headers)


def report(request: Request, _caller: Caller, wiring: Wiring) -> HttpResponse:
    """Store the progress of several jobs and extend their leases, each with its own outcome."""
    no_parameters(request)
    good, bad = REPORTS.read(request)
    taken = report_statuses(
        list(good.values()),
        quick=wiring.quick_leases,
        work=wiring.work(),
        clock=wiring.database_clock,
    )
    outcomes: dict[int, dict[str, object]] = {}
    for (place, item), one in zip(good.items(), taken, strict=True):
        if isinstance(one, GroundworkError):
            outcomes[place] = _outcome(place, item.id, one)
        else:
            outcomes[place] = _outcome(place, item.id, None) | {
                "leased_until": one.leased_until,
                "cancel_requested": one.cancel_requested,
            }
    return _response(outcomes, bad, {})


def _outcome(place: int, job_id: UUID | None, error: GroundworkError | None) -> dict[str, object]:
    shown: dict[str, object] = {"index": place}
    if job_id is not None:
        shown["id"] = job_id
    if error is None:
        return shown | {"status": OK}
    status, problem = item_problem(error, FAULTS_MAX)
    return shown | {"status": status, "error": problem}


def _response(
    outcomes: Mapping[int, Mapping[str, object]],
    bad: Mapping[int, Refused],
    headers: dict[str, str],
) -> HttpResponse:
    invalid = {
        place: _outcome(place, None, Invalid("The input is invalid; see errors.", refused.faults))
        for place, refused in bad.items()
    }
    whole: dict[int, Any] = {**outcomes, **invalid}
    results = [whole[place] for place in sorted(whole)]
    return HttpResponse(OK, to_json({"results": results}).decode(), JSON, headers)


def _operation(
    word: str,
    act: Callable[[Request, Caller, Wiring], HttpResponse],
    items: BulkItems[Any],
    returned: type[BaseModel],
    **docs: Unpack[OperationDocs],
) -> Operation:
    return Operation(
        "POST",
        f"/api/v1/jobs/{word}",
        act,
        OK,
        WRITE,
        None,
        signature=partial(_signature, items, returned),
        docs={"result": IN_ORDER, "tag": "jobs", **docs},
        body_bytes_max=MANY_BYTES_MAX,
    )


def _signature(items: BulkItems[Any], returned: type[BaseModel]) -> Signature:
    body = Parameter("body", Parameter.KEYWORD_ONLY, annotation=items.body)
    return Signature([body], return_annotation=returned)


router = Router()
router.add(
    _operation(
        "results",
        hand_in,
        RESULTS,
        ResultOutcomes,
        operation_id="handInJobResults",
        summary=f"Hand in the results of up to {LEASES_MAX} jobs",
        writes=True,
    )
)
router.add(
    _operation(
        "status",
        report,
        REPORTS,
        StatusOutcomes,
        operation_id="reportJobStatuses",
        summary=f"Report the progress of up to {LEASES_MAX} jobs",
    )
)
