"""Publishers."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.publishing.publishers import PUBLISHERS, PublisherWriteHooks
from groundwork_core.publishing.rotate_publisher import rotate_publisher
from groundwork_runtime.http import etags
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/CreatedPublisher"}}}


def write_hooks(wiring: Wiring, _caller: Caller) -> PublisherWriteHooks:
    """Return the hooks: a new publisher gets a secret."""
    return PublisherWriteHooks(wiring.encryption)


router = Router()
ResourceRoutes(PUBLISHERS, write_hooks).register(router)


@router.post(
    "/api/v1/publishers/<publisher_id>/rotate",
    needs="publishers:write",
    operation_id="rotatePublisherSecret",
    tag="publishers",
    problems=(404,),
    result="The publisher with its new secret.",
    returns=SHOWN,
    writes=True,
)
def rotate(publisher_id: UUID, wiring: Wiring) -> HttpResponse:
    """Replace the secret of a publisher.

    Only this response shows the new secret. The current one is valid for another 24 hours.
    """
    work = wiring.work()
    stored = rotate_publisher(
        publisher_id, work=work, clock=wiring.clock, encryption=wiring.encryption
    )
    position = {"X-Groundwork-Position": work.position} if work.position else {}
    return HttpResponse(200, stored.body, headers={"ETag": etags.etag(stored.tag), **position})
