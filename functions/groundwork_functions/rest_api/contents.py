"""Contents, their versions, and publishing and archiving."""

from functools import partial
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.errors import NotFound
from groundwork_core.publishing.content_hooks import ContentWriteHooks
from groundwork_core.publishing.contents import CONTENTS, ContentMove, WholeContentVersion
from groundwork_core.publishing.engagement_query import read_query
from groundwork_core.publishing.engagements import ContentEngagement
from groundwork_core.publishing.versions import VERSIONS, read_version
from groundwork_runtime.http.body_limits import TEXT_BYTES_MAX
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resource_openapi import signature
from groundwork_runtime.http.resources import ResourceRoutes, id_of, no_parameters
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.http.subresource_list import SubresourceList
from groundwork_runtime.wiring import Wiring


def write_hooks(_wiring: Wiring, _caller: Caller) -> ContentWriteHooks:
    """Return the hooks: only allowed transitions of the status."""
    return ContentWriteHooks()


MOMENT = {"type": "string", "format": "date-time"}

router = Router()
routes = ResourceRoutes(CONTENTS, write_hooks, body_bytes_max=TEXT_BYTES_MAX)
routes.register(router)
routes.register_action(router, "publish", ContentMove(status="published"))
routes.register_action(router, "archive", ContentMove(status="archived"))
SubresourceList(CONTENTS, VERSIONS, "versions", "List the versions of a content").register(router)


def version(
    request: Request, _caller: Caller, wiring: Wiring, of: str, number: str
) -> HttpResponse:
    """Read one version of a content, including its body."""
    no_parameters(request)
    return HttpResponse(200, read_version(id_of(CONTENTS, of), number, store=wiring.resources))


def engagement(request: Request, _caller: Caller, wiring: Wiring, of: str) -> HttpResponse:
    """Sum the engagements with a content over all its distributions, in total or by hour or day."""
    content_id = id_of(CONTENTS, of)
    found = wiring.engagement_sums.of_content(content_id, read_query(request.query))
    if found is None:
        raise NotFound(CONTENTS.missing())
    return HttpResponse(200, found)


router.add(
    Operation(
        "GET",
        "/api/v1/contents/<content_id>/versions/<version>",
        version,
        200,
        "contents:read",
        None,
        signature=partial(signature, WholeContentVersion, content_id=UUID, version=int),
        docs={
            "operation_id": "readContentVersion",
            "tag": "contents",
            "problems": (404,),
            "result": "The version with its body.",
        },
    )
)
router.add(
    Operation(
        "GET",
        "/api/v1/contents/<content_id>/engagement",
        engagement,
        200,
        "contents:read engagements:read",
        None,
        signature=partial(
            signature,
            ContentEngagement,
            content_id=UUID,
        ),
        docs={
            "operation_id": "readContentEngagement",
            "tag": "contents",
            "problems": (404,),
            "result": "The sums by kind of engagement.",
            "parameters": [
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "schema": schema,
                    "description": says,
                }
                for name, schema, says in (
                    (
                        "bucket",
                        {"type": "string", "enum": ["hour", "day"]},
                        "The size of the buckets of `series`; without it there is no `series`.",
                    ),
                    ("from", MOMENT, "Only engagements from this time on."),
                    ("to", MOMENT, "Only engagements before this time."),
                )
            ],
        },
    )
)
