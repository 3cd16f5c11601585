"""Jobs: what a client may ask of workers."""

from groundwork_core.caller import Caller
from groundwork_core.jobs.resource import JOBS
from groundwork_core.jobs.write_hooks import JobWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def follow(_wiring: Wiring, _caller: Caller) -> JobWriteHooks:
    """A job that runs or has ended stays as it is."""
    return JobWriteHooks()


router = Router()
ResourceRoutes(JOBS, follow).register(router)
