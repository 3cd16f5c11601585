"""Between the domain's entities and relationships and what Neo4j stores of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from groundwork_core.knowledge.graph.model import Entity, Relationship


def entity_row(entity: Entity) -> list[object]:
    """Make what a statement needs to write a node: ENTITY_PROPERTIES' columns.

    Lists, here and below: a map would send the name of each property with each row.
    """
    return [
        entity.id,
        entity.name,
        entity.type,
        entity.confidence,
        entity.key,
        entity.aliases,
        entity.version,
    ]


ENTITY_PROPERTIES = """{id: row[0], name: row[1], type: row[2], confidence: row[3], key: row[4],
    aliases: row[5], _v: row[6]}"""
"""A node's properties in Cypher, from an `entity_row`. `_v` guards against older changes."""


def relationship_row(relationship: Relationship) -> list[object]:
    """Make what a statement needs to write a relationship: its ends and EDGE_PROPERTIES' columns.

    Moments go as text: the driver takes 30 µs to encode one, Neo4j 2 µs to read its text.
    """
    return [
        relationship.id,
        relationship.from_id,
        relationship.to_id,
        relationship.confidence,
        _text(relationship.valid_from),
        _text(relationship.valid_to),
        relationship.version,
    ]


EDGE_PROPERTIES = """{id: row[0], confidence: row[3], valid_from: datetime(row[4]),
    valid_to: datetime(row[5]), _v: row[6]}"""
"""A relationship's properties in Cypher, from a `relationship_row`. Null: none."""


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


def entity_of_row(row: Sequence[Any]) -> Entity:
    """Read what the reader's statements list of a node, as `to_entity` does."""
    id_, version, name, type_, confidence, key, aliases = row
    return Entity(
        id_,
        version or 0,
        name or "",
        type_ or "other",
        float(confidence or 0.0),
        key,
        tuple(aliases or ()),
    )


def relationship_of_row(row: Sequence[Any]) -> Relationship:
    """Read what the reader's statements list of a relationship; its moments are texts."""
    id_, version, type_, from_id, to_id, confidence, valid_from, valid_to = row
    return Relationship(
        id_,
        version or 0,
        type_,
        from_id,
        to_id,
        float(confidence or 0.0),
        datetime.fromisoformat(valid_from).astimezone(UTC) if valid_from else None,
        datetime.fromisoformat(valid_to).astimezone(UTC) if valid_to else None,
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    native: datetime = value.to_native()
    return native.astimezone(UTC)
