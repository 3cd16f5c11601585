"""Relationships."""

from collections.abc import Mapping

from groundwork_core.knowledge.bulk import upsert_relationships
from groundwork_core.knowledge.resources import RELATIONSHIPS, NewRelationship
from groundwork_core.resources.bulk import BulkOutcome
from groundwork_runtime.http.bulk import BulkRoute
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def upsert(items: Mapping[int, NewRelationship], wiring: Wiring) -> BulkOutcome:
    """Insert, or update the relationship with the same ends, type and valid_from."""
    return upsert_relationships(items, work=wiring.work_with_kept_plans)


router = Router()
ResourceRoutes(RELATIONSHIPS).register(router)
BulkRoute(RELATIONSHIPS, NewRelationship, upsert).register(router)
