"""Documents and their mentions."""

from groundwork_core.caller import Caller
from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.documents.write_hooks import DocumentWriteHooks
from groundwork_core.knowledge.mentions import MENTIONS
from groundwork_runtime.http.body_limits import TEXT_BYTES_MAX
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.http.subresource_list import SubresourceList
from groundwork_runtime.wiring import Wiring


def follow(wiring: Wiring, _caller: Caller) -> DocumentWriteHooks:
    """A new document is taken in as one of a feed is."""
    return DocumentWriteHooks(wiring.harmless)


router = Router()
ResourceRoutes(DOCUMENTS, follow, body_bytes_max=TEXT_BYTES_MAX).register(router)
SubresourceList(DOCUMENTS, MENTIONS, "mentions", "List the mentions of a document").register(router)
