"""Contents, their versions, and what moves them from draft to published to archived."""

from inspect import Parameter, Signature
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.publishing.contents import CONTENTS, ContentMove, WholeContentVersion
from groundwork_core.publishing.move import ContentConsequences
from groundwork_core.publishing.versions import VERSIONS, read_version
from groundwork_runtime.http.answer import Answer
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resources import ResourceRoutes, id_of, no_parameters
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.http.within import ListWithin
from groundwork_runtime.wiring import Wiring


def follow(_wiring: Wiring, _caller: Caller) -> ContentConsequences:
    """A status goes only where it may."""
    return ContentConsequences()


router = Router()
routes = ResourceRoutes(CONTENTS, follow)
routes.register(router)
routes.act(router, "publish", ContentMove(status="published"))
routes.act(router, "archive", ContentMove(status="archived"))
ListWithin(CONTENTS, VERSIONS, "versions", "List the versions of a content").register(router)


def version(request: Request, _caller: Caller, wiring: Wiring, of: str, number: str) -> Answer:
    """Read one version of a content, with its text."""
    no_parameters(request)
    return Answer(200, read_version(id_of(CONTENTS, of), number, store=wiring.resources))


def _documented() -> Signature:
    taken = {"content_id": UUID, "version": int}
    return Signature(
        [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in taken.items()],
        return_annotation=WholeContentVersion,
    )


router.add(
    Operation(
        "GET",
        "/api/v1/contents/<content_id>/versions/<version>",
        version,
        200,
        "contents:read",
        None,
        signature=_documented,
        documented={"operation_id": "readContentVersion", "tag": "contents", "problems": (404,)},
    )
)
