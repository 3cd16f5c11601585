"""Between the domain's entities and relationships and what Neo4j stores of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from groundwork_core.knowledge.graph.model import (
    GraphEntity,
    GraphRelationship,
    make_entity,
    make_relationship,
)

Columns = Sequence[Sequence[Any] | None]
"""One list for each field of a model, in its order; None: the field was not asked for."""


def entity_row(entity: GraphEntity) -> list[object]:
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


def relationship_row(relationship: GraphRelationship) -> list[object]:
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


def entities_of(columns: Columns) -> list[GraphEntity]:
    """Read the columns of nodes. What is not shown, or was removed by hand, is empty."""
    ids, version, name, type_, confidence, key, aliases = columns
    rows = zip(
        ids or (),
        _filled(version, 0),
        _filled(name, ""),
        _filled(type_, "other"),
        _filled(confidence, 0.0),
        _filled(key, None),
        repeat(()) if aliases is None else [tuple(each or ()) for each in aliases],
        strict=False,  # what is not shown repeats for ever
    )
    return list(map(make_entity, rows))


def relationships_of(columns: Columns) -> list[GraphRelationship]:
    """Read the columns of relationships, as `entities_of`; their moments are texts."""
    ids, version, type_, from_id, to_id, confidence, valid_from, valid_to = columns
    rows = zip(
        ids or (),
        _filled(version, 0),
        _filled(type_, ""),
        _filled(from_id, ""),
        _filled(to_id, ""),
        _filled(confidence, 0.0),
        _filled(valid_from and list(map(_moment_of_text, valid_from)), None),
        _filled(valid_to and list(map(_moment_of_text, valid_to)), None),
        strict=False,  # as above
    )
    return list(map(make_relationship, rows))


def _filled(column: Sequence[Any] | None, blank: object) -> Iterable[Any]:
    if column is None:
        return repeat(blank)
    return [blank if value is None else value for value in column] if None in column else column


def _moment_of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
