"""Sources, and what can be done with one beyond keeping it."""

from urllib.parse import urlencode
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.texts import Word
from groundwork_core.sources.explain_schedule import ScheduleExplained, explain_schedule
from groundwork_core.sources.export_sources import export_sources
from groundwork_core.sources.follow import SourceConsequences
from groundwork_core.sources.import_sources import ImportedSources, import_sources
from groundwork_core.sources.model import FetchRequested
from groundwork_core.sources.request_fetch import request_fetch
from groundwork_core.sources.resource import SOURCES
from groundwork_runtime.http.answer import Answer
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

OPML = "text/x-opml"
LISTS = (OPML, "text/plain", "text/xml", "application/xml")
LIST_EXAMPLES = {
    OPML: '<opml version="2.0"><body><outline xmlUrl="https://blog.example/feed"/></body></opml>',
    "text/plain": "https://blog.example/feed\n",
}


def follow(wiring: Wiring, _caller: Caller) -> SourceConsequences:
    """A new source is fetched at once; an edited one is planned anew."""
    return SourceConsequences(
        clock=wiring.clock, next_cron=wiring.next_cron, allowed=wiring.allowed
    )


router = Router()
ResourceRoutes(SOURCES, follow).register(router)


@router.post(
    "/api/v1/sources/<source_id>/fetch",
    status=202,
    needs="sources:write",
    operation_id="fetchSource",
    tag="sources",
    problems=(404, 409),
)
def fetch(source_id: UUID, wiring: Wiring) -> FetchRequested:
    """Ask for one fetch now; the queue and its worker do the rest."""
    return request_fetch(source_id, work=wiring.work(), clock=wiring.clock)


@router.get(
    "/api/v1/sources/<source_id>/schedule",
    needs="sources:read",
    operation_id="explainSourceSchedule",
    tag="sources",
    problems=(404,),
)
def schedule(source_id: UUID, wiring: Wiring) -> ScheduleExplained:
    """Say when the source is asked next, why, and from what that was worked out."""
    with wiring.work() as work:
        return explain_schedule(source_id, sources=work.sources, clock=wiring.clock)


@router.post(
    "/api/v1/sources/import",
    needs="sources:write",
    operation_id="importSources",
    tag="sources",
    problems=(413, 415, 422),
    body={
        kind: {"schema": {"type": "string"}, "example": example}
        for kind, example in LIST_EXAMPLES.items()
    },
)
def import_(request: Request, wiring: Wiring) -> ImportedSources:
    """Watch every feed of a list: OPML, or one address a line, up to 10 MB. Safe to repeat."""
    data, charset = request.text(types=LISTS)
    if not data.strip():
        raise Invalid("The input has faults.", (Fault("", "must be a list of feeds"),))
    return import_sources(
        data, work=wiring.work, clock=wiring.clock, allowed=wiring.allowed, charset=charset
    )


@router.get(
    "/api/v1/sources/export",
    needs="sources:read",
    operation_id="exportSources",
    tag="sources",
    returns={OPML: {"schema": {"type": "string"}}},
)
def export(wiring: Wiring, tag: Word | None = None, after: UUID | None = None) -> Answer:
    """Answer sources as OPML; a `Link` with `rel="next"` leads on where there are more."""
    with wiring.work() as work:
        found = export_sources(sources=work.sources, tag=tag, after=after)
    headers = {"Content-Disposition": 'attachment; filename="sources.opml"'}
    if found.next_after is not None:
        query = urlencode({"after": str(found.next_after)} | ({"tag": tag} if tag else {}))
        headers["Link"] = f'</api/v1/sources/export?{query}>; rel="next"'
    return Answer(200, found.opml, f"{OPML}; charset=utf-8", headers)
