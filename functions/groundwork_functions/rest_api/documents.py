"""Documents and their mentions."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.documents.write_hooks import DocumentWriteHooks
from groundwork_core.duplicates.list_duplicates import Duplicates, list_duplicates
from groundwork_core.knowledge.mentions import MENTIONS
from groundwork_runtime.http.body_limits import TEXT_BYTES_MAX
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.http.subresource_list import SubresourceList
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, _caller: Caller) -> DocumentWriteHooks:
    """Return the hooks: a new document is processed like an entry of a feed."""
    return DocumentWriteHooks(wiring.clean_html)


router = Router()
ResourceRoutes(DOCUMENTS, write_hooks, body_bytes_max=TEXT_BYTES_MAX).register(router)
SubresourceList(DOCUMENTS, MENTIONS, "mentions", "List the mentions of a document").register(router)


@router.get(
    "/api/v1/documents/<document_id>/duplicates",
    needs="documents:read",
    operation_id="listDocumentDuplicates",
    result="The earliest document of the group of near-duplicates, and the others.",
    tag="documents",
    problems=(404,),
)
def duplicates(document_id: UUID, wiring: Wiring) -> Duplicates:
    """List the near-duplicates of a document, in the order in which they were seen."""
    return list_duplicates(document_id, cluster_of=wiring.cluster_of)
