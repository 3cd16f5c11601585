"""Lists of sources: import and export."""

from urllib.parse import urlencode
from uuid import UUID

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.field_types import Word
from groundwork_core.sources.export_sources import export_sources
from groundwork_core.sources.import_sources import ImportedSources, import_sources
from groundwork_runtime.http.body_limits import MANY_BYTES_MAX
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

OPML = "text/x-opml"
LISTS = (OPML, "text/plain", "text/xml", "application/xml")
LIST_EXAMPLES = {
    OPML: '<opml version="2.0"><body><outline xmlUrl="https://blog.example/feed"/></body></opml>',
    "text/plain": "https://blog.example/feed\n",
}

router = Router(MANY_BYTES_MAX)


@router.post(
    "/api/v1/sources/import",
    needs="sources:write",
    operation_id="importSources",
    result="The numbers of created and existing sources, and the feeds that failed.",
    tag="sources",
    problems=(413, 415, 422),
    body={
        kind: {"schema": {"type": "string", "format": "binary"}, "example": example}
        for kind, example in LIST_EXAMPLES.items()
    },
)
def import_(request: Request, wiring: Wiring) -> ImportedSources:
    """Create a source for every feed of a list.

    The list is OPML, or text with one address per line, up to 10 MB. Existing sources are left
    unchanged.
    """
    data, charset = request.text(types=LISTS)
    if not data.strip():
        raise Invalid("The input is invalid; see errors.", (Fault("", "must be a list of feeds"),))
    return import_sources(
        data, work=wiring.work, clock=wiring.database_clock, allowed=wiring.allowed, charset=charset
    )


@router.get(
    "/api/v1/sources/export",
    needs="sources:read",
    operation_id="exportSources",
    result="An OPML document with the sources, or with the first part of them.",
    tag="sources",
    returns={OPML: {"schema": {"type": "string"}}},
)
def export(wiring: Wiring, tag: Word | None = None, after: UUID | None = None) -> HttpResponse:
    """Export sources as OPML.

    If there are more sources, the `Link` header with `rel="next"` has the address of the next part.
    """
    with wiring.work() as work:
        found = export_sources(sources=work.sources, tag=tag, after=after)
    headers = {"Content-Disposition": 'attachment; filename="sources.opml"'}
    if found.next_after is not None:
        query = urlencode({"after": str(found.next_after)} | ({"tag": tag} if tag else {}))
        headers["Link"] = f'</api/v1/sources/export?{query}>; rel="next"'
    return HttpResponse(200, found.opml, f"{OPML}; charset=utf-8", headers)
