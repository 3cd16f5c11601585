"""Write entities, relationships and mentions to Postgres, many per statement.

Only rows that change are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb

from groundwork_core.errors import Unavailable
from groundwork_core.ids import new_id
from groundwork_core.knowledge.model import PROVENANCE_DOCUMENTS
from groundwork_core.knowledge.statements import (
    MAX_ALIASES,
    EdgeRow,
    EntityRow,
    MentionRow,
    state_again,
)
from groundwork_core.resources.bulk import Outcome, Upserted
from groundwork_data.postgres.survivors import survivors_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

CAPS = {"most_documents": PROVENANCE_DOCUMENTS}

# An existing row that would not change is not written: no lock, no new version, no outbox row. The
# rest is inserted or merged in the order of keys, so that two writers wait instead of deadlocking.
UPSERT_ENTITIES = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(
        id uuid, type text, key text, name text, confidence float8,
        aliases text[], attributes jsonb, documents jsonb, workers jsonb)
), merged AS (
    SELECT m.into_id, i.type, i.key
    FROM incoming i JOIN merged_entities m ON m.key = i.key AND m.type = i.type
), known AS (
    SELECT e.id, i.type, i.key,
        i.confidence > e.confidence
        OR NOT e.attributes @> i.attributes
        OR groundwork_more_aliases(e.name, e.aliases, i.name, i.aliases, %(most_aliases)s)
        OR groundwork_more_provenance(e.provenance, i.documents, i.workers, %(most_documents)s)
        AS changes
    FROM incoming i JOIN entities e ON e.key = i.key AND e.type = i.type
), written AS (
    INSERT INTO entities AS e (id, type, key, name, confidence, aliases, attributes, provenance)
    SELECT coalesce(i.id, uuidv7()), i.type, i.key, i.name, i.confidence, i.aliases, i.attributes,
        jsonb_build_object('documents', i.documents, 'workers', i.workers)
    FROM incoming i LEFT JOIN known k ON k.key = i.key AND k.type = i.type
    WHERE (k.id IS NULL OR k.changes)
        AND NOT EXISTS (SELECT FROM merged m WHERE m.key = i.key AND m.type = i.type)
    ORDER BY i.type, i.key
    ON CONFLICT (key, type) DO UPDATE SET
        confidence = greatest(e.confidence, excluded.confidence),
        aliases = groundwork_merge_aliases(
            e.name, e.aliases, excluded.name, excluded.aliases,
            greatest(%(most_aliases)s, cardinality(e.aliases))),
        attributes = e.attributes || excluded.attributes,
        provenance = coalesce(groundwork_merge_provenance(
            e.provenance, excluded.provenance, %(most_documents)s), e.provenance)
    RETURNING e.id, e.type, e.key,
        CASE e.version WHEN 1 THEN 'created' ELSE 'updated' END AS outcome
)
SELECT id, type, key, 'unchanged' FROM known WHERE NOT changes
UNION ALL SELECT id, type, key, outcome FROM written
UNION ALL SELECT into_id, type, key, 'merged' FROM merged
"""
# Statements about merged entities apply to their survivors. Those are locked first: a statement
# that waited for a merge to end must notice that the entity no longer exists.
HOLD_SURVIVORS = """
SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id FOR NO KEY UPDATE
"""
UPDATE_SURVIVORS = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(
        id uuid, name text, confidence float8,
        aliases text[], attributes jsonb, documents jsonb, workers jsonb)
)
UPDATE entities e SET
    confidence = greatest(e.confidence, i.confidence),
    aliases = groundwork_merge_aliases(
        e.name, e.aliases, i.name, i.aliases,
        greatest(%(most_aliases)s, cardinality(e.aliases))),
    attributes = e.attributes || i.attributes,
    provenance = coalesce(groundwork_merge_provenance(
        e.provenance, jsonb_build_object('documents', i.documents, 'workers', i.workers),
        %(most_documents)s), e.provenance)
FROM incoming i
WHERE e.id = i.id AND (
    i.confidence > e.confidence
    OR NOT e.attributes @> i.attributes
    OR groundwork_more_aliases(e.name, e.aliases, i.name, i.aliases, %(most_aliases)s)
    OR groundwork_more_provenance(e.provenance, i.documents, i.workers, %(most_documents)s))
RETURNING e.id
"""
UPSERT_RELATIONSHIPS = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(n bigint, from_id uuid, to_id uuid, type text,
        valid_from timestamptz, valid_to timestamptz, confidence float8, attributes jsonb,
        documents jsonb, workers jsonb)
), known AS (
    SELECT r.id, i.n,
        i.confidence > r.confidence
        OR NOT r.attributes @> i.attributes
        OR (i.valid_to IS NOT NULL AND i.valid_to IS DISTINCT FROM r.valid_to)
        OR groundwork_more_provenance(r.provenance, i.documents, i.workers, %(most_documents)s)
        AS changes
    FROM incoming i JOIN relationships r ON r.from_id = i.from_id AND r.to_id = i.to_id
        AND r.type = i.type AND r.valid_from IS NOT DISTINCT FROM i.valid_from
), written AS (
    INSERT INTO relationships AS r
        (from_id, to_id, type, valid_from, valid_to, confidence, attributes, provenance)
    SELECT i.from_id, i.to_id, i.type, i.valid_from, i.valid_to, i.confidence, i.attributes,
        jsonb_build_object('documents', i.documents, 'workers', i.workers)
    FROM incoming i LEFT JOIN known k ON k.n = i.n
    WHERE k.id IS NULL OR k.changes
    ORDER BY i.from_id, i.to_id, i.type, i.valid_from
    ON CONFLICT (from_id, to_id, type, valid_from) DO UPDATE SET
        confidence = greatest(r.confidence, excluded.confidence),
        valid_to = coalesce(excluded.valid_to, r.valid_to),
        attributes = r.attributes || excluded.attributes,
        provenance = coalesce(groundwork_merge_provenance(
            r.provenance, excluded.provenance, %(most_documents)s), r.provenance)
    RETURNING r.id, r.from_id, r.to_id, r.type, r.valid_from,
        CASE r.version WHEN 1 THEN 'created' ELSE 'updated' END AS outcome
)
SELECT k.id, i.from_id, i.to_id, i.type, i.valid_from, 'unchanged'
FROM known k JOIN incoming i ON i.n = k.n WHERE NOT k.changes
UNION ALL SELECT id, from_id, to_id, type, valid_from, outcome FROM written
"""
# In the order in which upserts lock. A transaction that deletes or merges one of them waits for us.
HOLD_ENTITIES = """
SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id FOR KEY SHARE
"""
DROP_STALE_MENTIONS = """
DELETE FROM mentions m USING unnest(%(documents)s::uuid[], %(revisions)s::bigint[])
    AS s(document_id, revision)
WHERE m.document_id = s.document_id AND m.revision < s.revision
"""
PUT_MENTIONS = """
INSERT INTO mentions AS m (document_id, revision, job_id, entity_id, relationship_id, role,
    evidence, confidence)
SELECT * FROM jsonb_to_recordset(%(mentions)s) AS x(document_id uuid, revision bigint, job_id uuid,
    entity_id uuid, relationship_id uuid, role text, evidence text, confidence float8)
ON CONFLICT (document_id, entity_id, relationship_id, role) DO UPDATE SET
    revision = excluded.revision, job_id = excluded.job_id, evidence = excluded.evidence,
    confidence = excluded.confidence
WHERE m.revision < excluded.revision
"""


class PostgresKnowledge:
    """Implements `KnowledgeStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def upsert_entities(
        self, rows: Sequence[EntityRow], most_aliases: int = MAX_ALIASES
    ) -> list[Upserted]:
        """Insert or merge entities by (type, key)."""
        if not rows:
            return []
        ids = [None if row.key is not None else new_id() for row in rows]
        incoming = Jsonb([_entity(row, id_) for row, id_ in zip(rows, ids, strict=True)])
        try:
            found = self._run_unprepared(UPSERT_ENTITIES, incoming, most_aliases)
        except UniqueViolation as error:
            raise Unavailable("An entity was merged into another meanwhile.") from error
        done: dict[tuple[Any, ...], Upserted] = {
            (type_, key or id_): Upserted(id_, to) for id_, type_, key, to in found
        }
        merged = {(type_, key): id_ for id_, type_, key, to in found if to == "merged"}
        if merged:
            stated = [(merged[key], row) for row in rows if (key := (row.type, row.key)) in merged]
            outcomes = self._update_survivors(stated, most_aliases)
            done |= {key: Upserted(id_, outcomes[id_]) for key, id_ in merged.items()}
        return [done[row.type, row.key or id_] for row, id_ in zip(rows, ids, strict=True)]

    def upsert_relationships(self, rows: Sequence[EdgeRow]) -> list[Upserted]:
        """Insert or merge relationships."""
        if not rows:
            return []
        incoming = Jsonb(
            [
                {
                    "n": n,
                    "from_id": str(row.from_id),
                    "to_id": str(row.to_id),
                    "type": row.type,
                    "valid_from": _iso(row.valid_from),
                    "valid_to": _iso(row.valid_to),
                    "confidence": row.confidence,
                    "attributes": row.attributes,
                    "documents": [str(document) for document in row.documents],
                    "workers": row.workers,
                }
                for n, row in enumerate(rows)
            ]
        )
        try:
            found = self._connection.execute(
                UPSERT_RELATIONSHIPS, {**CAPS, "rows": incoming}
            ).fetchall()
        except ForeignKeyViolation as error:
            raise Unavailable("An end of a relationship was removed meanwhile.") from error
        done: dict[tuple[Any, ...], Upserted] = {
            tuple(key): Upserted(id_, to) for id_, *key, to in found
        }
        return [done[row.from_id, row.to_id, row.type, row.valid_from] for row in rows]

    def hold_entities(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return the entity or survivor of each id, locked against deletion and merging."""
        held = self._lock_entities(ids)
        led = survivors_of(self._rows, [id_ for id_ in ids if id_ not in held])
        more = self._lock_entities(sorted(set(led.values()) - held)) if led else set()
        found = {old: into for old, into in led.items() if into in held or into in more}
        return {id_: id_ for id_ in held} | found

    def put_mentions(self, rows: Sequence[MentionRow], stated: Sequence[tuple[UUID, int]]) -> None:
        """Insert mentions, and drop those of earlier revisions of the `stated` documents."""
        mentions = [
            {
                "document_id": str(row.document_id),
                "revision": row.revision,
                "job_id": str(row.job_id),
                "entity_id": str(row.entity_id) if row.entity_id else None,
                "relationship_id": str(row.relationship_id) if row.relationship_id else None,
                "role": row.role,
                "evidence": row.evidence,
                "confidence": row.confidence,
            }
            for row in rows
        ]
        if mentions:
            self._connection.execute(PUT_MENTIONS, {"mentions": Jsonb(mentions)})
        revised = [(document, revision) for document, revision in stated if revision > 1]
        if revised:
            documents, revisions = zip(*revised, strict=True)
            self._connection.execute(
                DROP_STALE_MENTIONS, {"documents": list(documents), "revisions": list(revisions)}
            )

    def revisions(self, document_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Return the current revision of each document that exists."""
        return dict(
            self._connection.execute(
                "SELECT id, revision FROM documents WHERE id = ANY(%s)", [list(document_ids)]
            ).fetchall()
        )

    def _lock_entities(self, ids: Sequence[UUID]) -> set[UUID]:
        return {row[0] for row in self._connection.execute(HOLD_ENTITIES, [list(ids)])}

    def _rows(self, sql: str, given: Sequence[object]) -> list[TupleRow]:
        return self._connection.execute(sql, given).fetchall()

    def _update_survivors(
        self, stated: Sequence[tuple[UUID, EntityRow]], most_aliases: int
    ) -> dict[UUID, Outcome]:
        """Apply to survivors what was stated about the entities merged into them."""
        rows: dict[UUID, EntityRow] = {}
        for id_, row in stated:
            if id_ in rows:
                state_again(rows[id_], row, most_aliases)
            else:
                rows[id_] = row
        held = self._connection.execute(HOLD_SURVIVORS, [list(rows)]).fetchall()
        if len(held) < len(rows):
            raise Unavailable("An entity was merged into another meanwhile.")
        incoming = Jsonb([_entity(row, id_) for id_, row in rows.items()])
        changed = self._run_unprepared(UPDATE_SURVIVORS, incoming, most_aliases)
        outcomes: dict[UUID, Outcome] = dict.fromkeys(rows, "unchanged")
        return outcomes | dict.fromkeys((row[0] for row in changed), "updated")

    def _run_unprepared(self, sql: str, rows: Jsonb, most_aliases: int) -> list[tuple[Any, ...]]:
        """Run an upsert with a new plan.

        A plan kept from when the tables were small would still scan whole tables.
        """
        parameters = {**CAPS, "most_aliases": most_aliases, "rows": rows}
        return self._connection.execute(sql, parameters, prepare=False).fetchall()


def _entity(row: EntityRow, id_: UUID | None) -> dict[str, object]:
    return {
        "id": id_ and str(id_),
        "type": row.type,
        "key": row.key,
        "name": row.name,
        "confidence": row.confidence,
        "aliases": row.aliases,
        "attributes": row.attributes,
        "documents": [str(document) for document in row.documents],
        "workers": row.workers,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
