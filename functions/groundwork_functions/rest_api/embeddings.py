"""Embeddings and similarity search."""

from collections.abc import Mapping

from groundwork_core.caller import Caller
from groundwork_core.embeddings.resource import EMBEDDINGS, NewEmbedding
from groundwork_core.embeddings.search import Found, Search
from groundwork_core.embeddings.search import search as find
from groundwork_core.embeddings.upsert_embeddings import upsert_embeddings
from groundwork_core.embeddings.write_hooks import EmbeddingWriteHooks
from groundwork_core.resources.bulk import BulkOutcome
from groundwork_runtime.http.bulk import BulkRoute
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(_wiring: Wiring, _caller: Caller) -> EmbeddingWriteHooks:
    """Return the hooks: the first vector of a model creates its index."""
    return EmbeddingWriteHooks()


def upsert(items: Mapping[int, NewEmbedding], wiring: Wiring) -> BulkOutcome:
    """Find the subjects nearest to a vector or to another subject; filters are optional."""
    return upsert_embeddings(items, work=wiring.work)


router = Router()
ResourceRoutes(EMBEDDINGS, write_hooks).register(router)
BulkRoute(EMBEDDINGS, NewEmbedding, upsert).register(router)


@router.post(
    "/api/v1/embeddings/search",
    needs="embeddings:read",
    operation_id="searchEmbeddings",
    result="The subjects found, nearest first.",
    tag="embeddings",
)
def search(body: Search, wiring: Wiring) -> Found:
    """Find the subjects nearest to a vector or to another subject, also among some of them."""
    return find(body, work=wiring.work())
