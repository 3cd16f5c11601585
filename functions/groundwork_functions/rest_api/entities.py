"""Entities."""

from collections.abc import Mapping
from uuid import UUID

from groundwork_core.knowledge.bulk import upsert_entities
from groundwork_core.knowledge.merging import merge_entity, split_entity
from groundwork_core.knowledge.resources import ENTITIES, Merge, NewEntity
from groundwork_core.resources.bulk import BulkOutcome
from groundwork_core.resources.writing import Expected
from groundwork_runtime.http import etags
from groundwork_runtime.http.bulk import BulkRoute
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resources import ResourceRoutes, written_response
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/Entity"}}}
MOVES = "entities:write relationships:write"
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the entity that is merged away; without it, any version is merged.",
    "schema": {"type": "string", "minLength": 1},
}


def upsert(items: Mapping[int, NewEntity], wiring: Wiring) -> BulkOutcome:
    """Insert, or update the entity with the same type and key."""
    return upsert_entities(items, work=wiring.work_with_kept_plans)


router = Router()
ResourceRoutes(ENTITIES).register(router)
BulkRoute(ENTITIES, NewEntity, upsert).register(router)


@router.post(
    "/api/v1/entities/<entity_id>/merge",
    needs=MOVES,
    operation_id="mergeEntity",
    tag="entities",
    problems=(409, 412, 428),
    parameters=(IF_MATCH,),
    result="The entity that the other was merged into.",
    returns=SHOWN,
    writes=True,
)
def merge(entity_id: UUID, body: Merge, request: Request, wiring: Wiring) -> HttpResponse:
    """Merge an entity into another.

    The surviving entity is found under both ids and keys.
    """
    meant = request.headers.get("if-match")
    expected = Expected(None) if meant is None else etags.expected(meant)
    return written_response(
        200, merge_entity(entity_id, body.into, expected, work=wiring.work()), {}
    )


@router.post(
    "/api/v1/entities/<entity_id>/split",
    needs=MOVES,
    operation_id="splitEntity",
    tag="entities",
    problems=(409,),
    result="The restored entity.",
    returns=SHOWN,
    writes=True,
)
def split(entity_id: UUID, wiring: Wiring) -> HttpResponse:
    """Undo a merge.

    The entity is restored with its relationships and mentions.
    """
    return written_response(200, split_entity(entity_id, work=wiring.work()), {})
