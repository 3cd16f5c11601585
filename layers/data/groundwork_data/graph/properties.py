"""Between the domain's entities and relationships and what Neo4j stores of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from groundwork_core.knowledge.graph.model import Entity, Relationship


def entity_properties(entity: Entity) -> dict[str, object]:
    """Make a node's properties. `_v` guards against older changes."""
    return {
        "id": entity.id,
        "name": entity.name,
        "type": entity.type,
        "confidence": entity.confidence,
        "key": entity.key,
        "aliases": list(entity.aliases),
        "_v": entity.version,
    }


def relationship_properties(relationship: Relationship) -> dict[str, object]:
    """Make a relationship's properties; its type and ends are the edge itself."""
    return {
        "id": relationship.id,
        "confidence": relationship.confidence,
        "valid_from": relationship.valid_from,
        "valid_to": relationship.valid_to,
        "_v": relationship.version,
    }


def to_entity(node: Mapping[str, Any]) -> Entity:
    """Read a node. Properties that somebody removed by hand become empty, not errors."""
    return Entity(
        id=node["id"],
        version=node.get("_v") or 0,
        name=node.get("name") or "",
        type=node.get("type") or "other",
        confidence=float(node.get("confidence") or 0.0),
        key=node.get("key"),
        aliases=tuple(node.get("aliases") or ()),
    )


def to_relationship(row: Mapping[str, Any]) -> Relationship:
    """Read a row of RELATIONSHIP's columns."""
    return Relationship(
        id=row["id"],
        version=row.get("_v") or 0,
        type=row["type"],
        from_id=row["from_id"],
        to_id=row["to_id"],
        confidence=float(row.get("confidence") or 0.0),
        valid_from=_moment(row.get("valid_from")),
        valid_to=_moment(row.get("valid_to")),
    )


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    native: datetime = value.to_native()
    return native.astimezone(UTC)
