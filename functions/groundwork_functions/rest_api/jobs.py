"""Jobs for workers."""

from groundwork_core.caller import Caller
from groundwork_core.jobs.resource import JOBS
from groundwork_core.jobs.write_hooks import JobWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(_wiring: Wiring, _caller: Caller) -> JobWriteHooks:
    """Return the hooks: jobs that run or have ended cannot be changed."""
    return JobWriteHooks()


router = Router()
ResourceRoutes(JOBS, write_hooks).register(router)
