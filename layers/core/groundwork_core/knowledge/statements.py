"""Merge the statements of many results, so that each row is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.knowledge.model import (
    PROVENANCE_DOCUMENTS,
    StatedRelationship,
    StatedResult,
)

MAX_ALIASES = 50
EntityKey = tuple[str, str]
"""(type, key)."""
EdgeKey = tuple[UUID, UUID, str, datetime | None]
"""(from, to, type, valid_from)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The document and revision of a job; `document_id` is None for other jobs."""

    job_id: UUID
    document_id: UUID | None
    revision: int


class EntityStatement(Protocol):
    """The fields of a statement about an entity, from a worker or a client."""

    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def confidence(self) -> float:
        """The confidence, 0 to 1."""
        ...

    @property
    def aliases(self) -> Sequence[str]:
        """Other names."""
        ...

    @property
    def attributes(self) -> dict[str, JsonValue]:
        """Further facts."""
        ...


class EdgeStatement(Protocol):
    """The fields of a statement about a relationship, from a worker or a client."""

    @property
    def confidence(self) -> float:
        """The confidence, 0 to 1."""
        ...

    @property
    def valid_to(self) -> datetime | None:
        """The end of validity."""
        ...

    @property
    def attributes(self) -> dict[str, JsonValue]:
        """Further facts."""
        ...


@dataclass(slots=True)
class EntityRow:
    """An entity to upsert, merged from statements; without a key it is always new."""

    type: str
    key: str | None
    name: str
    confidence: float
    said: float | None = None
    """The confidence by statements without a document; None if only documents state it."""
    aliases: list[str] = field(default_factory=list)
    attributes: dict[str, JsonValue] = field(default_factory=dict)
    documents: list[UUID] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class EdgeRow:
    """A relationship to upsert, merged from statements."""

    from_id: UUID
    to_id: UUID
    type: str
    valid_from: datetime | None
    valid_to: datetime | None
    confidence: float
    attributes: dict[str, JsonValue] = field(default_factory=dict)
    documents: list[UUID] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)


Stated = tuple[StatedResult, Origin]


def merge_entities(stated: Sequence[Stated]) -> list[EntityRow]:
    """Merge statements by (type, key), and sort them so that all writers lock in the same order."""
    rows: dict[EntityKey, EntityRow] = {}
    for result, origin in stated:
        for entity in result.entities:
            row = rows.get((entity.type, entity.key))
            if row is None:
                row = EntityRow(entity.type, entity.key, entity.name, entity.confidence)
                rows[entity.type, entity.key] = row
            state_entity(row, entity)
            if origin.document_id is None:
                row.said = max(row.said or 0.0, entity.confidence)
            _state_origin(row, result, origin)
    return [rows[key] for key in sorted(rows)]


def merge_edges(stated: Sequence[Stated], ids: Mapping[EntityKey, UUID]) -> list[EdgeRow]:
    """Merge relationships by (from, to, type, valid_from), and sort them by these.

    `ids` has every stated entity. Relationships whose ends were merged into one entity are left
    out.
    """
    rows: dict[EdgeKey, EdgeRow] = {}
    for result, origin in stated:
        by_ref = {entity.ref: ids[entity.type, entity.key] for entity in result.entities}
        for edge in result.relationships:
            key = edge_key(edge, by_ref)
            if _is_closed(edge, key):
                continue
            row = rows.get(key)
            if row is None:
                row = rows[key] = EdgeRow(*key, edge.valid_to, edge.confidence)
            state_edge(row, edge)
            _state_origin(row, result, origin)
    return [rows[key] for key in sorted(rows, key=_edge_order)]


def edge_key(edge: StatedRelationship, by_ref: Mapping[str, UUID]) -> EdgeKey:
    """Return the key of a stated relationship."""
    return by_ref[edge.from_ref], by_ref[edge.to_ref], edge.type, edge.valid_from


def _is_closed(edge: StatedRelationship, key: EdgeKey) -> bool:
    """Return whether both ends of the relationship were merged into one entity."""
    return edge.from_ref != edge.to_ref and key[0] == key[1]


def _edge_order(key: EdgeKey) -> tuple[UUID, UUID, str, datetime]:
    return (*key[:3], key[3] or datetime.min.replace(tzinfo=UTC))


def state_entity(row: EntityRow, said: EntityStatement, most_aliases: int = MAX_ALIASES) -> None:
    """Merge another statement into a row: the first name remains, others become aliases."""
    row.confidence = max(row.confidence, said.confidence)
    row.attributes |= said.attributes
    for alias in (said.name, *said.aliases):
        if alias != row.name and alias not in row.aliases and len(row.aliases) < most_aliases:
            row.aliases.append(alias)


def state_again(row: EntityRow, same: EntityRow, most_aliases: int = MAX_ALIASES) -> None:
    """Merge a row into another row of the same entity."""
    state_entity(row, same, most_aliases)
    if same.said is not None:
        row.said = max(row.said or 0.0, same.said)
    more = [document for document in same.documents if document not in row.documents]
    row.documents += more[: max(0, PROVENANCE_DOCUMENTS - len(row.documents))]
    row.workers += [worker for worker in same.workers if worker not in row.workers]


def state_edge(row: EdgeRow, said: EdgeStatement) -> None:
    """Merge another statement into a row."""
    row.confidence = max(row.confidence, said.confidence)
    row.attributes |= said.attributes
    row.valid_to = said.valid_to or row.valid_to


def _state_origin(row: EntityRow | EdgeRow, result: StatedResult, origin: Origin) -> None:
    document = origin.document_id
    if document and document not in row.documents and len(row.documents) < PROVENANCE_DOCUMENTS:
        row.documents.append(document)
    if result.worker not in row.workers:
        row.workers.append(result.worker)
