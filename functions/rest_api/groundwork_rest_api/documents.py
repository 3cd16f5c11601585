"""Documents, and what they state."""

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.errors import Fault, Invalid
from groundwork_core.knowledge.mentions import MENTIONS
from groundwork_core.resources.reading import list_many, read_one
from groundwork_runtime.http import resource_documents
from groundwork_runtime.http.answer import Answer
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resources import ResourceRoutes, id_of
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.wiring import Wiring

WITHIN = "document_id"
EMPTY = '{"items":[],'


def mentions(request: Request, _caller: object, wiring: Wiring, document_id: str) -> Answer:
    """List what a document states: entities and relationships, with the words that state them."""
    store, known = wiring.resources, id_of(DOCUMENTS, document_id)
    if WITHIN in request.query:
        raise Invalid("The query has faults.", (Fault(f"/{WITHIN}", "stands in the path"),))
    parameters = {**request.query, WITHIN: (document_id,)}
    page = list_many(MENTIONS, parameters, store=store, cursors=wiring.cursors)
    if page.startswith(EMPTY):
        read_one(DOCUMENTS, known, store=store)
    return Answer(200, page)


router = Router()
ResourceRoutes(DOCUMENTS).register(router)
router.add(
    Operation(
        "GET",
        "/api/v1/documents/<document_id>/mentions",
        mentions,
        200,
        "documents:read",
        None,
        signature=lambda: resource_documents.listed(MENTIONS, within=WITHIN),
        documented={
            "operation_id": "listDocumentMentions",
            "summary": "List what a document states",
            "tag": "documents",
            "problems": (404,),
        },
    )
)
