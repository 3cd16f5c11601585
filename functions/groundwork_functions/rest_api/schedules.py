"""Schedules: the resource, its runs, and a run on request."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.schedules.resource import SCHEDULE_RUNS, SCHEDULES
from groundwork_core.schedules.run_schedules import run_now
from groundwork_core.schedules.write_hooks import ScheduleWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.http.subresource_list import SubresourceList
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, caller: Caller) -> ScheduleWriteHooks:
    """Return the hooks: the next moments are planned; actions need the caller's permission."""
    return ScheduleWriteHooks(caller, clock=wiring.database_clock, next_cron=wiring.next_cron)


router = Router()
ResourceRoutes(SCHEDULES, write_hooks).register(router)
SubresourceList(SCHEDULES, SCHEDULE_RUNS, "runs", "List the runs of a schedule").register(router)


@router.post(
    "/api/v1/schedules/<schedule_id>/run",
    status=202,
    needs="schedules:write",
    operation_id="runSchedule",
    result="The run.",
    tag="schedules",
    problems=(404, 409, 422),
    returns={JSON: {"schema": {"$ref": "#/components/schemas/ScheduleRun"}}},
)
def run(schedule_id: UUID, caller: Caller, wiring: Wiring) -> HttpResponse:
    """Run a schedule now.

    Its next runs do not change.
    """
    run_id = run_now(
        schedule_id,
        work=wiring.work(),
        clock=wiring.database_clock,
        by=caller,
    )
    stored = wiring.resources.read(SCHEDULE_RUNS, run_id)
    return HttpResponse(202, "{}" if stored is None else stored.body)
