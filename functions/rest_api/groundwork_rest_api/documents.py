"""Documents, and what they state."""

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.knowledge.mentions import MENTIONS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.http.within import ListWithin

router = Router()
ResourceRoutes(DOCUMENTS).register(router)
ListWithin(DOCUMENTS, MENTIONS, "mentions", "List what a document states").register(router)
