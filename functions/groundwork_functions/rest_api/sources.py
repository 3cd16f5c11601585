"""Sources: the resource, fetch on request, and the explanation of the schedule."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.resources.page import LIMIT_DEFAULT
from groundwork_core.sources.discover import Discovered, DiscoverIn
from groundwork_core.sources.explain_schedule import ScheduleExplained, explain_schedule
from groundwork_core.sources.model import FetchRequested
from groundwork_core.sources.polls import PollsShown, list_polls
from groundwork_core.sources.request_fetch import request_fetch
from groundwork_core.sources.resource import SOURCES
from groundwork_core.sources.write_hooks import SourceWriteHooks
from groundwork_functions.rest_api import source_lists
from groundwork_runtime.http.list_limit import Limit
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, _caller: Caller) -> SourceWriteHooks:
    """Return the hooks: fetch a new source at once; reschedule a changed one."""
    return SourceWriteHooks(
        clock=wiring.database_clock,
        next_cron=wiring.next_cron,
        allowed=wiring.allowed,
        encryption=lambda: wiring.encryption,
    )


router = Router()
ResourceRoutes(SOURCES, write_hooks).register(router)
router.include(source_lists.router)


@router.post(
    "/api/v1/sources/<source_id>/fetch",
    status=202,
    needs="sources:write",
    operation_id="fetchSource",
    result="Accepted; the fetch is queued.",
    tag="sources",
    problems=(404, 409),
)
def fetch(source_id: UUID, wiring: Wiring) -> FetchRequested:
    """Request an immediate fetch of the source.

    The fetch runs asynchronously.
    """
    return request_fetch(source_id, work=wiring.work(), clock=wiring.database_clock)


@router.get(
    "/api/v1/sources/<source_id>/schedule",
    needs="sources:read",
    operation_id="explainSourceSchedule",
    result="The time of the next poll, the reason, and the values that it was computed from.",
    tag="sources",
    problems=(404,),
)
def schedule(source_id: UUID, wiring: Wiring) -> ScheduleExplained:
    """Explain when the source is polled next."""
    with wiring.work() as work:
        return explain_schedule(source_id, sources=work.sources, clock=wiring.database_clock)


@router.post(
    "/api/v1/sources/discover",
    needs="sources:write",
    operation_id="discoverSources",
    result="The possible sources, most likely first.",
    tag="sources",
    problems=(422,),
)
def discover(body: DiscoverIn, wiring: Wiring) -> Discovered:
    """Find the feeds, the sitemap and the page of an address.

    Requests the address itself, the feeds that the page links to, and usual paths. Nothing is
    created. `failure` says why the address itself could not be read.
    """
    return wiring.discover(body.url)


@router.get(
    "/api/v1/sources/<source_id>/polls",
    needs="sources:read",
    operation_id="listSourcePolls",
    result="The last polls, newest first.",
    tag="sources",
    problems=(404,),
)
def polls(source_id: UUID, wiring: Wiring, limit: Limit = LIMIT_DEFAULT) -> PollsShown:
    """List the last polls of a source.

    They are kept for 30 days.
    """
    with wiring.work() as work:
        return list_polls(source_id, limit, sources=work.sources)
