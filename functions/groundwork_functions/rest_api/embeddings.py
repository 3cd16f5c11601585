"""Embeddings and similarity search."""

from groundwork_core.caller import Caller
from groundwork_core.embeddings.resource import EMBEDDINGS
from groundwork_core.embeddings.search import Found, Search
from groundwork_core.embeddings.search import search as find
from groundwork_core.embeddings.write_hooks import EmbeddingWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(_wiring: Wiring, _caller: Caller) -> EmbeddingWriteHooks:
    """Return the hooks: the first vector of a model creates its index."""
    return EmbeddingWriteHooks()


router = Router()
ResourceRoutes(EMBEDDINGS, write_hooks).register(router)


@router.post(
    "/api/v1/embeddings/search",
    needs="embeddings:read",
    operation_id="searchEmbeddings",
    result="The subjects found, nearest first.",
    tag="embeddings",
)
def search(body: Search, wiring: Wiring) -> Found:
    """Find the subjects nearest to a vector or to another subject."""
    return find(body, work=wiring.work())
