"""Merge one entity into another, and split it off again, with one statement per table."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.knowledge.bulk import MOST_ALIASES
from groundwork_core.knowledge.model import PROVENANCE_DOCUMENTS
from groundwork_data.postgres import merging_sql as sql

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

CAPS = {"most_aliases": MOST_ALIASES, "most_documents": PROVENANCE_DOCUMENTS}


class PostgresMerging:
    """Implements `Merging`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def lock(self, ids: Collection[UUID]) -> dict[UUID, int]:
        """Lock the entities that exist and return their versions by id."""
        return dict(self._connection.execute(sql.LOCK_ENTITIES, {"ids": list(ids)}).fetchall())

    def merge(self, one: UUID, into: UUID) -> None:
        """Merge the entity `one` into the entity `into`; the caller has locked both."""
        both = {"one": one, "into": into, **CAPS}
        self._connection.execute(sql.LOCK_RELATIONSHIPS, both)
        rows = self._connection.execute(sql.READ_DROPPED, both).fetchall()
        dropped, twins = [row[0] for row in rows], [row[1] for row in rows]
        for statement in sql.MERGE:
            self._connection.execute(statement, {**both, "dropped": dropped, "twins": twins})

    def split(self, one: UUID, into: UUID) -> bool:
        """Undo a merge as far as possible; return False if `one` is not merged into `into`."""
        row = self._connection.execute(sql.DELETE_MERGE, {"one": one, "into": into}).fetchone()
        if row is None:
            return False
        was, moved, carried = row
        given = {"one": one, "into": into, "was": was, "moved": moved, "carried": carried}
        for statement in sql.SPLIT:
            self._connection.execute(statement, given)
        return True
