"""SQL that writes entities, relationships and mentions, many rows per statement."""

from __future__ import annotations

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
