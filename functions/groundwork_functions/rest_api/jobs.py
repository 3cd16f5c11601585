"""Jobs: what a client may ask of workers, and what workers ask (job_leases.py)."""

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
    """The operations of jobs. A lease that has expired is shown so, before the minute's sweep."""

    def page(self, request: Request, caller: Caller, wiring: Wiring) -> HttpResponse:
        """Answer one page."""
        take_back_expired(work=wiring.work(), clock=wiring.database_clock)
        return super().page(request, caller, wiring)

    def read(self, request: Request, caller: Caller, wiring: Wiring, text: str) -> HttpResponse:
        """Answer one, or that the client has it already."""
        take_back_expired(work=wiring.work(), clock=wiring.database_clock)
        return super().read(request, caller, wiring, text)


router = Router()
JobRoutes(JOBS, write_hooks).register(router)
router.include(job_leases.router)
