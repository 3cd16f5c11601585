"""SQL that writes entities, relationships and mentions, many rows per statement."""

from __future__ import annotations

# Statements of an entity before its confidence was first computed: all of them, if no
# document had stated it. A confidence that differs from the computed one was set by a client.
SAID = """CASE WHEN {it}.computed_confidence IS NULL
        AND coalesce(jsonb_array_length({it}.provenance -> 'documents'), 0) = 0
    THEN {it}.confidence ELSE {it}.said_confidence END"""
SAID_BEFORE = SAID.format(it="e")
IS_SET = "coalesce(e.confidence <> e.computed_confidence, false)"
_RAISED = f"CASE WHEN {IS_SET} THEN {{ours}} ELSE greatest(e.confidence, {{said}}) END"

# An existing row that would not change is not written: no lock, no new version, no outbox row. The
# rest is inserted or merged in the order of keys, so that two writers wait instead of deadlocking.
# OFFSET 0 keeps the look-up of known rows by index: in a table that grew since it was last
# analyzed, a kept plan would read all rows for each result.
UPSERT_ENTITIES = f"""
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(
        id uuid, type text, key text, name text, confidence float8, said float8,
        aliases text[], attributes jsonb, documents jsonb, workers jsonb)
), merged AS (
    SELECT m.into_id, i.type, i.key
    FROM incoming i CROSS JOIN LATERAL (
        SELECT * FROM merged_entities WHERE key = i.key AND type = i.type OFFSET 0) m
), known AS (
    SELECT e.id, i.type, i.key,
        coalesce(i.said, -1) > coalesce({SAID_BEFORE}, -1)
        OR NOT e.attributes @> i.attributes
        OR groundwork_more_aliases(e.name, e.aliases, i.name, i.aliases, %(most_aliases)s)
        OR groundwork_more_provenance(e.provenance, i.documents, i.workers, %(most_documents)s)
        AS changes
    FROM incoming i CROSS JOIN LATERAL (
        SELECT * FROM entities WHERE key = i.key AND type = i.type OFFSET 0) e
), written AS (
    INSERT INTO entities AS e (id, type, key, name, confidence, said_confidence,
        computed_confidence, aliases, attributes, provenance)
    SELECT coalesce(i.id, uuidv7()), i.type, i.key, i.name, i.confidence, i.said,
        i.confidence, i.aliases, i.attributes,
        jsonb_build_object('documents', i.documents, 'workers', i.workers)
    FROM incoming i LEFT JOIN known k ON k.key = i.key AND k.type = i.type
    WHERE (k.id IS NULL OR k.changes)
        AND NOT EXISTS (SELECT FROM merged m WHERE m.key = i.key AND m.type = i.type)
    ORDER BY i.type, i.key
    ON CONFLICT (key, type) DO UPDATE SET
        confidence = {_RAISED.format(ours="e.confidence", said="excluded.said_confidence")},
        computed_confidence = {
    _RAISED.format(ours="e.computed_confidence", said="excluded.said_confidence")
},
        said_confidence = greatest({SAID_BEFORE}, excluded.said_confidence),
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
"""  # noqa: S608 - constants from above
# Statements about merged entities apply to their survivors. Those are locked first: a statement
# that waited for a merge to end must notice that the entity no longer exists.
HOLD_SURVIVORS = """
SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id FOR NO KEY UPDATE
"""
UPDATE_SURVIVORS = f"""
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(
        id uuid, name text, said float8,
        aliases text[], attributes jsonb, documents jsonb, workers jsonb)
)
UPDATE entities e SET
    confidence = {_RAISED.format(ours="e.confidence", said="i.said")},
    computed_confidence = {_RAISED.format(ours="e.computed_confidence", said="i.said")},
    said_confidence = greatest({SAID_BEFORE}, i.said),
    aliases = groundwork_merge_aliases(
        e.name, e.aliases, i.name, i.aliases,
        greatest(%(most_aliases)s, cardinality(e.aliases))),
    attributes = e.attributes || i.attributes,
    provenance = coalesce(groundwork_merge_provenance(
        e.provenance, jsonb_build_object('documents', i.documents, 'workers', i.workers),
        %(most_documents)s), e.provenance)
FROM incoming i
WHERE e.id = i.id AND (
    coalesce(i.said, -1) > coalesce({SAID_BEFORE}, -1)
    OR NOT e.attributes @> i.attributes
    OR groundwork_more_aliases(e.name, e.aliases, i.name, i.aliases, %(most_aliases)s)
    OR groundwork_more_provenance(e.provenance, i.documents, i.workers, %(most_documents)s))
RETURNING e.id
"""  # noqa: S608 - as above
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
    FROM incoming i CROSS JOIN LATERAL (
        SELECT * FROM relationships
        WHERE from_id = i.from_id AND to_id = i.to_id AND type = i.type
            AND valid_from IS NOT DISTINCT FROM i.valid_from OFFSET 0) r
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
# Locks in the same order as upserts. Transactions that delete or merge an entity wait.
HOLD_ENTITIES = """
SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id FOR KEY SHARE
"""
DROP_STALE_MENTIONS = """
DELETE FROM mentions m USING unnest(%(documents)s::uuid[], %(revisions)s::bigint[])
    AS s(document_id, revision)
WHERE m.document_id = s.document_id AND m.revision < s.revision
RETURNING m.entity_id
"""
# A mention of the same revision is replaced too: a repeated job may give a better result.
PUT_MENTIONS = """
INSERT INTO mentions AS m (document_id, source_id, revision, job_id, entity_id, relationship_id,
    role, evidence, confidence, subject_confidence, stated_by)
SELECT x.document_id, d.source_id, x.revision, x.job_id, x.entity_id, x.relationship_id, x.role,
    x.evidence, x.confidence, x.subject_confidence, x.stated_by
FROM jsonb_to_recordset(%(mentions)s) AS x(document_id uuid, revision bigint, job_id uuid,
    entity_id uuid, relationship_id uuid, role text, evidence text, confidence float8,
    subject_confidence float8, stated_by jsonb)
CROSS JOIN LATERAL (SELECT source_id FROM documents WHERE id = x.document_id OFFSET 0) d
ON CONFLICT (document_id, entity_id, relationship_id, role) DO UPDATE SET
    revision = excluded.revision, job_id = excluded.job_id, evidence = excluded.evidence,
    confidence = excluded.confidence, subject_confidence = excluded.subject_confidence,
    stated_by = excluded.stated_by, source_id = excluded.source_id
WHERE m.revision <= excluded.revision
"""
PRESENT = """
SELECT id, revision, NULL, 0, 0, 0, 0 FROM documents WHERE id = ANY(%(documents)s)
UNION ALL
SELECT lease_token, NULL, part, entities, relationships, mentions, embeddings
FROM result_parts WHERE lease_token = ANY(%(tokens)s)
"""
TAKE_PART = """
INSERT INTO result_parts
    (lease_token, part, job_id, entities, relationships, mentions, embeddings)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
