"""What Postgres knows of the graph: lists and searches by its indexes, and full details."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from groundwork_core.knowledge.graph.model import Details, EntityFilter, EntityPage, Id

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

CONDITIONS = {
    "type": "type = %(type)s",
    "q": "name ILIKE %(q)s",
    "min_confidence": "confidence >= %(min_confidence)s",
    "key": "key = %(key)s",
    "after": "id > %(after)s::uuid",
}

SURVIVOR = "SELECT into_id::text FROM merged_entities WHERE id = %s::uuid"
ENTITY_DETAILS = "SELECT id::text, attributes, provenance FROM entities WHERE id = ANY(%s::uuid[])"
RELATIONSHIP_DETAILS = (
    "SELECT id::text, attributes, provenance FROM relationships WHERE id = ANY(%s::uuid[])"
)


class PostgresCatalogue:
    """Implements `Catalogue`, one statement a question."""

    def __init__(self, database: Database) -> None:
        """Take the environment's connection."""
        self._database = database

    def find(self, wanted: EntityFilter, first: int, after: Id | None) -> EntityPage:
        """List entities by id, from behind `after`."""
        given: dict[str, object] = {
            "type": wanted.type,
            "q": None if wanted.q is None else f"%{_literal(wanted.q)}%",
            "min_confidence": wanted.min_confidence,
            "key": wanted.key,
            "after": after,
        }
        parameters = {name: value for name, value in given.items() if value is not None}
        conditions = " AND ".join(CONDITIONS[name] for name in parameters) or "true"
        rows = self._database.rows(
            f"SELECT id::text FROM entities WHERE {conditions}"  # noqa: S608 - constants from above
            " ORDER BY id LIMIT %(limit)s",
            parameters | {"limit": first + 1},
        )
        ids = tuple(row[0] for row in rows)
        return EntityPage(ids[:first], len(ids) > first)

    def survivor(self, id_: Id) -> Id | None:
        """Return the entity into which this one was merged, or None."""
        row = self._database.row(SURVIVOR, [id_])
        return None if row is None else row[0]

    def entity_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of those entities that exist."""
        return self._details(ENTITY_DETAILS, ids)

    def relationship_details(self, ids: Collection[Id]) -> Mapping[Id, Details]:
        """Return the details of those relationships that exist."""
        return self._details(RELATIONSHIP_DETAILS, ids)

    def _details(self, statement: str, ids: Collection[Id]) -> Mapping[Id, Details]:
        if not ids:
            return {}
        rows = self._database.rows(statement, [list(ids)])
        return {row[0]: Details(row[1], row[2]) for row in rows}


def _literal(text: str) -> str:
    """Escape what LIKE would read as a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
