"""What can be asked of a document beyond itself."""

from uuid import UUID

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.knowledge.mentions import MENTIONS
from groundwork_core.resources.reading import list_many, read_one
from groundwork_runtime.http import resource_documents
from groundwork_runtime.http.answer import Answer
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.wiring import Wiring

EMPTY = '{"items":[],'


def mentions(request: Request, _caller: object, wiring: Wiring, id: str) -> Answer:  # noqa: A002 - the path's word
    """List what a document states: entities and relationships, with the words that state them."""
    store = wiring.resources
    parameters = {**request.query, "document_id": (id,)}
    page = list_many(MENTIONS, parameters, store=store, cursors=wiring.cursors)
    if page.startswith(EMPTY):
        read_one(DOCUMENTS, UUID(id), store=store)
    return Answer(200, page)


router = Router()
router.add(
    Operation(
        "GET",
        "/api/v1/documents/<id>/mentions",
        mentions,
        200,
        "documents:read",
        None,
        signature=lambda: resource_documents.listed(MENTIONS, within="document_id"),
        documented={
            "operation_id": "listDocumentMentions",
            "summary": "List what a document states",
            "tag": "documents",
            "problems": (404,),
        },
    )
)
