"""Turn outbox rows into changes of the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import JsonValue

from groundwork_core.knowledge.graph.model import GraphEntity, GraphRelationship, Id
from groundwork_core.outbox import OutboxRow


@dataclass(frozen=True, slots=True)
class Deletion:
    """The deletion of an entity or relationship; `version` follows its last one."""

    id: Id
    version: int


@dataclass(frozen=True, slots=True)
class Changes:
    """The newest state of each entity and relationship in a batch."""

    entities: Mapping[Id, GraphEntity | Deletion] = field(default_factory=dict)
    relationships: Mapping[Id, GraphRelationship | Deletion] = field(default_factory=dict)
    upto: tuple[int, int] = (0, 0)
    """The (xid, id) of the newest row."""

    def __bool__(self) -> bool:
        return bool(self.entities or self.relationships)


def collapse(rows: Iterable[OutboxRow]) -> Changes:
    """Return the newest state of each entity and relationship; other aggregates are ignored.

    Each row has the full state, so older rows are not needed.
    """
    newest: dict[str, dict[Id, OutboxRow]] = {"entities": {}, "relationships": {}}
    upto = (0, 0)
    for row in rows:
        kept = newest.get(row.aggregate)
        if kept is None:
            continue
        upto = max(upto, (row.xid, row.id))
        key = str(row.aggregate_id)
        before = kept.get(key)
        if before is None or before.version < row.version:
            kept[key] = row
    return Changes(
        {key: _entity(key, row) for key, row in newest["entities"].items()},
        {key: _relationship(key, row) for key, row in newest["relationships"].items()},
        upto,
    )


def _entity(key: Id, row: OutboxRow) -> GraphEntity | Deletion:
    if row.kind == "deleted":
        return Deletion(key, row.version)
    return entity_of(key, row.version, row.data)


def _relationship(key: Id, row: OutboxRow) -> GraphRelationship | Deletion:
    if row.kind == "deleted":
        return Deletion(key, row.version)
    return relationship_of(key, row.version, row.data)


def entity_of(key: Id, version: int, data: Mapping[str, JsonValue]) -> GraphEntity:
    """Read an entity from the JSON of a row."""
    aliases = data.get("aliases")
    return GraphEntity(
        id=key,
        version=version,
        name=str(data["name"]),
        type=str(data["type"]),
        confidence=_number(data["confidence"]),
        key=_text(data.get("key")),
        aliases=tuple(str(a) for a in aliases if a is not None)
        if isinstance(aliases, list)
        else (),
    )


def relationship_of(key: Id, version: int, data: Mapping[str, JsonValue]) -> GraphRelationship:
    """Read a relationship from the JSON of a row."""
    return GraphRelationship(
        id=key,
        version=version,
        type=str(data["type"]),
        from_id=str(data["from_id"]),
        to_id=str(data["to_id"]),
        confidence=_number(data["confidence"]),
        valid_from=_moment(data.get("valid_from")),
        valid_to=_moment(data.get("valid_to")),
    )


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)


def _number(value: JsonValue) -> float:
    if isinstance(value, int | float):
        return float(value)
    message = f"not a number: {value!r}"
    raise TypeError(message)


def _moment(value: JsonValue) -> datetime | None:
    """Read a time from Postgres' JSON; None for infinity and years outside of Python's range."""
    if not isinstance(value, str) or value in {"infinity", "-infinity"}:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
