"""Embeddings, and what is near to what."""

from groundwork_core.caller import Caller
from groundwork_core.embeddings.resource import EMBEDDINGS
from groundwork_core.embeddings.search import Found, Search
from groundwork_core.embeddings.search import search as find
from groundwork_core.embeddings.write_hooks import EmbeddingWriteHooks
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def follow(_wiring: Wiring, _caller: Caller) -> EmbeddingWriteHooks:
    """A model's first vector brings its index."""
    return EmbeddingWriteHooks()


router = Router()
ResourceRoutes(EMBEDDINGS, follow).register(router)


@router.post(
    "/api/v1/embeddings/search",
    needs="embeddings:read",
    operation_id="searchEmbeddings",
    tag="embeddings",
)
def search(body: Search, wiring: Wiring) -> Found:
    """Find the subjects that are nearest to a vector, or to another subject."""
    return find(body, work=wiring.work())
