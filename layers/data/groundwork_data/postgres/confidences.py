"""Confidences of entities, and the statements in Postgres that they are computed from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.knowledge.standing import SOURCES_MAX, Standing
from groundwork_data.postgres.knowledge_sql import IS_SET, SAID

if TYPE_CHECKING:
    from groundwork_data.postgres.typed_connection import Executes

# Each source takes two index reads, however many of its documents state the entity.
STANDINGS = f"""
SELECT e.id, e.confidence, {IS_SET}, {SAID.format(it="e")}, ARRAY(
    WITH RECURSIVE sources(id, place) AS (
        (SELECT m.source_id, 1 FROM mentions m
            WHERE m.entity_id = e.id AND m.source_id IS NOT NULL ORDER BY m.source_id LIMIT 1)
        UNION ALL
        SELECT (SELECT m.source_id FROM mentions m
            WHERE m.entity_id = e.id AND m.source_id > s.id ORDER BY m.source_id LIMIT 1),
            s.place + 1
        FROM sources s WHERE s.id IS NOT NULL AND s.place < {SOURCES_MAX}
    )
    SELECT (SELECT m.subject_confidence FROM mentions m
        WHERE m.entity_id = e.id AND m.source_id = s.id
        ORDER BY m.source_id, m.subject_confidence DESC LIMIT 1)
    FROM sources s WHERE s.id IS NOT NULL)
FROM entities e WHERE e.id = ANY(%s)
"""  # noqa: S608 - its parts are constants
LOCK_FREE = """
SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id
FOR NO KEY UPDATE SKIP LOCKED
"""
LOCK = """
SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id FOR NO KEY UPDATE
"""
SET = f"""
UPDATE entities e SET confidence = c.value, computed_confidence = c.value,
    said_confidence = {SAID.format(it="e")}
FROM unnest(%s::uuid[], %s::float8[]) AS c(id, value) WHERE e.id = c.id
"""  # noqa: S608 - as above
# Only if it changes something: what was said before it was ever computed is in `confidence`, unless
# documents come along.
JOIN = f"""
UPDATE entities s SET said_confidence = greatest({SAID.format(it="s")}, {SAID.format(it="o")}),
    computed_confidence = coalesce(s.computed_confidence, s.confidence)
FROM entities o WHERE o.id = %(one)s AND s.id = %(into)s AND (
    coalesce({SAID.format(it="o")}, -1) > coalesce({SAID.format(it="s")}, -1)
    OR (s.computed_confidence IS NULL
        AND coalesce(jsonb_array_length(o.provenance -> 'documents'), 0) > 0))
"""  # noqa: S608 - as above


class PostgresConfidences:
    """Implements `ConfidenceStore`."""

    def __init__(self, connection: Executes) -> None:
        self._connection = connection

    def standings(self, ids: Collection[UUID]) -> list[Standing]:
        """Return the confidence of each existing entity, as stored and as computed."""
        rows = self._connection.execute(STANDINGS, [list(ids)]).fetchall()
        return [
            Standing(id_, confidence, is_set, said, tuple(by_source))
            for id_, confidence, is_set, said, by_source in rows
        ]

    def lock_free(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock those entities that no other transaction has locked, and return them."""
        return {row[0] for row in self._connection.execute(LOCK_FREE, [list(ids)])}

    def lock(self, ids: Collection[UUID]) -> set[UUID]:
        """Lock entities in the same order as upserts do; return those that exist."""
        return {row[0] for row in self._connection.execute(LOCK, [list(ids)])}

    def join(self, one: UUID, into: UUID) -> None:
        """Move the statements of an entity to the survivor of its coming merge."""
        self._connection.execute(JOIN, {"one": one, "into": into})

    def set_confidences(self, computed: Sequence[tuple[UUID, float]]) -> None:
        """Store computed confidences of locked entities."""
        if computed:
            ids, values = zip(*computed, strict=True)
            self._connection.execute(SET, [list(ids), list(values)])
