"""List and search entities in Postgres, and read the details that the graph lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.knowledge.graph.model import (
    Details,
    DocumentCard,
    EntityFilter,
    EntityPage,
    Id,
)
from groundwork_data.postgres.survivors import WITH_KEY, WITH_TYPE_AND_KEY, survivors_of

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

CONDITIONS = {
    "type": "type = %(type)s",
    "q": "groundwork_fold(name) LIKE groundwork_fold(%(q)s)",
    "min_confidence": "confidence >= %(min_confidence)s",
    "key": WITH_KEY.format(key="%(key)s"),
    "after": "id > %(after)s::uuid",
}

TOGETHER = WITH_TYPE_AND_KEY.format(type="%(type)s", key="%(key)s")
"""Replaces the conditions of `type` and `key` when both are given."""
ENTITY_DETAILS = "SELECT id::text, attributes, provenance FROM entities WHERE id = ANY(%s::uuid[])"
DOCUMENTS = "SELECT id::text, title, url, published_at FROM documents WHERE id = ANY(%s::uuid[])"
RELATIONSHIP_DETAILS = (
    "SELECT id::text, attributes, provenance FROM relationships WHERE id = ANY(%s::uuid[])"
)


class PostgresCatalogue:
    """Implements `Catalogue` with one statement per method."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, wanted: EntityFilter, first: int, after: Id | None) -> EntityPage:
        """List entities in the order of their ids, starting after `after`."""
        given: dict[str, object] = {
            "type": wanted.type,
            "q": None if wanted.q is None else f"%{_literal(wanted.q)}%",
            "min_confidence": wanted.min_confidence,
            "key": wanted.key,
            "after": after,
        }
        parameters = {name: value for name, value in given.items() if value is not None}
        conditions = {name: CONDITIONS[name] for name in parameters}
        if {"type", "key"} <= conditions.keys():
            conditions |= {"type": "true", "key": TOGETHER}
        holds = " AND ".join(conditions.values()) or "true"
        rows = self._database.rows(
            f"SELECT id::text FROM entities WHERE {holds}"  # noqa: S608 - constants from above
            " ORDER BY id LIMIT %(limit)s",
            parameters | {"limit": first + 1},
        )
        ids = tuple(row[0] for row in rows)
        return EntityPage(ids[:first], len(ids) > first)

    def survivors(self, ids: Collection[Id]) -> Mapping[Id, Id]:
        """Return the survivors of the ids that were merged, by old id."""
        found = survivors_of(self._database.rows, [UUID(id_) for id_ in ids])
        return {str(old): str(into) for old, into in found.items()}

    def entity_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of the entities that exist."""
        return self._details(ENTITY_DETAILS, ids)

    def documents(self, ids: Collection[Id]) -> Mapping[Id, DocumentCard]:
        """Return the documents that exist, by id."""
        rows = self._database.rows(DOCUMENTS, [list(ids)]) if ids else []
        return {row[0]: DocumentCard(*row) for row in rows}

    def relationship_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of the relationships that exist."""
        return self._details(RELATIONSHIP_DETAILS, ids)

    def _details(self, statement: str, ids: Collection[Id]) -> Mapping[Id, Details]:
        if not ids:
            return {}
        rows = self._database.rows(statement, [list(ids)])
        return {row[0]: Details(row[1], row[2]) for row in rows}


def _literal(text: str) -> str:
    """Escape the wildcards of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
