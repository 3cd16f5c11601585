"""Jobs: queue, change and cancel them. Workers' operations are in job_leases.py."""

from groundwork_core.caller import Caller
from groundwork_core.jobs.hold import take_back_expired
from groundwork_core.jobs.resource import JOBS
from groundwork_core.jobs.write_hooks import JobWriteHooks
from groundwork_functions.rest_api import job_leases
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(_wiring: Wiring, _caller: Caller) -> JobWriteHooks:
    """Return the hooks: jobs that run or have ended cannot be changed."""
    return JobWriteHooks()


class JobRoutes(ResourceRoutes):
    """The operations of jobs. Reads end expired leases first, without waiting for the sweep."""

    def page(self, request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
        """Return one page of the list."""
        take_back_expired(work=wiring.work(), clock=wiring.database_clock)
        return super().page(request, caller, wiring)

    def read(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Return one job, or 304 if the client's copy is current."""
        take_back_expired(work=wiring.work(), clock=wiring.database_clock)
        return super().read(request, caller, wiring, text)


router = Router()
JobRoutes(JOBS, write_hooks).register(router)
router.include(job_leases.router)
