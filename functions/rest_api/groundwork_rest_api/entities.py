"""Entities."""

from collections.abc import Mapping

from groundwork_core.knowledge.bulk import Done, upsert_entities
from groundwork_core.knowledge.resources import ENTITIES, NewEntity
from groundwork_runtime.http.bulk import BulkRoute
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def upsert(items: Mapping[int, NewEntity], wiring: Wiring) -> Done:
    """Insert or merge by type and key."""
    return upsert_entities(items, work=wiring.work)


router = Router()
ResourceRoutes(ENTITIES).register(router)
BulkRoute(ENTITIES, NewEntity, upsert).register(router)
