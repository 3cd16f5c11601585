"""SQL that merges one entity into another, and that undoes the merge.

Parameters: `one` is the entity that is merged, `into` the survivor. `dropped` are relationships
of `one` that cannot move, because they would connect the survivor with itself, or because the
survivor already has the same relationship. `twins` are those relationships of the survivor.
"""

from __future__ import annotations

# Every transaction that locks several entities locks them in this order. So of two merges of the
# same two entities, in either direction, the second waits and then finds one of them missing.
LOCK_ENTITIES = """
SELECT id, version FROM entities WHERE id = ANY(%(ids)s) ORDER BY type, key, id FOR UPDATE
"""
_GOING_OVER = """
WITH going AS (
    SELECT r.id, r.type, r.valid_from, r.from_id <> r.to_id AS joins,
        CASE r.from_id WHEN %(one)s THEN %(into)s ELSE r.from_id END AS from_id,
        CASE r.to_id WHEN %(one)s THEN %(into)s ELSE r.to_id END AS to_id
    FROM relationships r WHERE r.from_id = %(one)s OR r.to_id = %(one)s
), met AS (
    SELECT g.id, g.joins AND g.from_id = g.to_id AS closed, k.id AS twin
    FROM going g LEFT JOIN relationships k ON k.from_id = g.from_id AND k.to_id = g.to_id
        AND k.type = g.type AND k.valid_from IS NOT DISTINCT FROM g.valid_from AND k.id <> g.id
)
"""
# In the order in which upserts lock. No relationship can be added meanwhile: that would need a lock
# on the entity.
LOCK_RELATIONSHIPS = f"""{_GOING_OVER}
SELECT r.id FROM relationships r
WHERE r.id IN (SELECT id FROM met UNION SELECT twin FROM met)
ORDER BY r.from_id, r.to_id, r.type, r.valid_from FOR UPDATE
"""  # noqa: S608 - constants from above
READ_DROPPED = f"""{_GOING_OVER}
SELECT id, CASE WHEN NOT closed THEN twin END FROM met WHERE closed OR twin IS NOT NULL ORDER BY id
"""  # noqa: S608 - as above
RECORD_MERGE = """
INSERT INTO merged_entities (id, into_id, type, key, was, moved, carried)
SELECT o.id, s.id, o.type, o.key, to_jsonb(o), jsonb_build_object(
    'relationships', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', r.id, 'from', r.from_id = o.id, 'to', r.to_id = o.id)), '[]')
        FROM relationships r
        WHERE (r.from_id = o.id OR r.to_id = o.id) AND r.id <> ALL(%(dropped)s)),
    'dropped', (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM relationships r WHERE r.id = ANY(%(dropped)s)),
    'mentions', (SELECT coalesce(jsonb_agg(m.id), '[]') FROM mentions m WHERE m.entity_id = o.id),
    'stated', (SELECT coalesce(jsonb_agg(to_jsonb(m)), '[]') FROM mentions m
        WHERE m.relationship_id = ANY(%(dropped)s) OR (m.entity_id = o.id AND EXISTS (
            SELECT FROM mentions k WHERE k.document_id = m.document_id
                AND k.entity_id = s.id AND k.role = m.role))),
    'embeddings', (SELECT coalesce(jsonb_agg(e.id), '[]')
        FROM embeddings e WHERE e.entity_id = o.id),
    'aliases', (SELECT coalesce(jsonb_agg(a), '[]')
        FROM unnest(o.name || o.aliases) AS a WHERE a <> s.name AND a <> ALL(s.aliases)),
    'attributes', (SELECT coalesce(jsonb_object_agg(key, value), '{}')
        FROM jsonb_each(o.attributes) WHERE NOT s.attributes ? key)
), ARRAY(SELECT m.id FROM merged_entities m WHERE m.into_id = o.id ORDER BY m.id)
FROM entities o, entities s WHERE o.id = %(one)s AND s.id = %(into)s
"""
EXTEND_SURVIVOR = """
UPDATE entities s SET
    aliases = groundwork_merge_aliases(s.name, s.aliases, o.name, o.aliases,
        greatest(%(most_aliases)s, cardinality(s.aliases))),
    attributes = o.attributes || s.attributes,
    provenance = coalesce(groundwork_merge_provenance(
        s.provenance, o.provenance, %(most_documents)s), s.provenance)
FROM entities o WHERE o.id = %(one)s AND s.id = %(into)s
"""
MERGE_TWINS = """
UPDATE relationships k SET
    confidence = greatest(k.confidence, r.confidence),
    valid_to = coalesce(k.valid_to, r.valid_to),
    attributes = r.attributes || k.attributes,
    provenance = coalesce(groundwork_merge_provenance(
        k.provenance, r.provenance, %(most_documents)s), k.provenance)
FROM unnest(%(dropped)s::uuid[], %(twins)s::uuid[]) AS p(id, twin)
    JOIN relationships r ON r.id = p.id
WHERE k.id = p.twin
"""
MOVE_MENTIONS_TO_TWINS = """
UPDATE mentions m SET relationship_id = p.twin
FROM unnest(%(dropped)s::uuid[], %(twins)s::uuid[]) AS p(id, twin)
WHERE m.relationship_id = p.id AND p.twin IS NOT NULL AND NOT EXISTS (
    SELECT FROM mentions k WHERE k.document_id = m.document_id
        AND k.relationship_id = p.twin AND k.role = m.role)
"""
DELETE_DROPPED = "DELETE FROM relationships WHERE id = ANY(%(dropped)s)"
MOVE_RELATIONSHIPS = """
UPDATE relationships SET
    from_id = CASE from_id WHEN %(one)s THEN %(into)s ELSE from_id END,
    to_id = CASE to_id WHEN %(one)s THEN %(into)s ELSE to_id END
WHERE from_id = %(one)s OR to_id = %(one)s
"""
MOVE_MENTIONS = """
UPDATE mentions m SET entity_id = %(into)s
WHERE m.entity_id = %(one)s AND NOT EXISTS (
    SELECT FROM mentions k WHERE k.document_id = m.document_id
        AND k.entity_id = %(into)s AND k.role = m.role)
"""
MOVE_EMBEDDINGS = """
UPDATE embeddings e SET subject_id = %(into)s
WHERE e.entity_id = %(one)s AND NOT EXISTS (
    SELECT FROM embeddings k WHERE k.subject_id = %(into)s AND k.model = e.model)
"""
REDIRECT_EARLIER_MERGES = "UPDATE merged_entities SET into_id = %(into)s WHERE into_id = %(one)s"
DELETE_ENTITY = "DELETE FROM entities WHERE id = %(one)s"
MERGE = (
    RECORD_MERGE,
    REDIRECT_EARLIER_MERGES,
    EXTEND_SURVIVOR,
    MERGE_TWINS,
    MOVE_MENTIONS_TO_TWINS,
    DELETE_DROPPED,
    MOVE_RELATIONSHIPS,
    MOVE_MENTIONS,
    MOVE_EMBEDDINGS,
    DELETE_ENTITY,
)

DELETE_MERGE = """
DELETE FROM merged_entities WHERE id = %(one)s AND into_id = %(into)s
RETURNING was::text, moved::text, carried
"""
# The graph has a tombstone at the version after the last one, and accepts only newer versions.
RESTORE_ENTITY = """
INSERT INTO entities SELECT (jsonb_populate_record(NULL::entities, w.was || jsonb_build_object(
    'version', (w.was ->> 'version')::bigint + 2, 'updated_at', clock_timestamp()))).*
FROM (SELECT %(was)s::jsonb AS was) w
"""
LOCK_MOVED = """
SELECT r.id FROM relationships r
WHERE r.id IN (SELECT (g.moved ->> 'id')::uuid
    FROM jsonb_array_elements(%(moved)s::jsonb -> 'relationships') AS g(moved))
ORDER BY r.from_id, r.to_id, r.type, r.valid_from FOR UPDATE
"""
MOVE_RELATIONSHIPS_BACK = """
UPDATE relationships r SET
    from_id = CASE WHEN m."from" AND r.from_id = %(into)s THEN %(one)s ELSE r.from_id END,
    to_id = CASE WHEN m."to" AND r.to_id = %(into)s THEN %(one)s ELSE r.to_id END
FROM jsonb_to_recordset(%(moved)s::jsonb -> 'relationships') AS m(id uuid, "from" bool, "to" bool)
WHERE r.id = m.id
    AND ((m."from" AND r.from_id = %(into)s) OR (m."to" AND r.to_id = %(into)s))
"""
# Restored between the entities that they connected, or the survivors of those entities.
RESTORE_RELATIONSHIPS = """
INSERT INTO relationships SELECT (jsonb_populate_record(d, jsonb_build_object(
    'version', d.version + 2, 'updated_at', clock_timestamp(), 'from_id', f.id, 'to_id', t.id))).*
FROM jsonb_populate_recordset(NULL::relationships, %(moved)s::jsonb -> 'dropped') AS d
    LEFT JOIN merged_entities fm ON fm.id = d.from_id
    LEFT JOIN merged_entities tm ON tm.id = d.to_id
    JOIN entities f ON f.id = coalesce(fm.into_id, d.from_id)
    JOIN entities t ON t.id = coalesce(tm.into_id, d.to_id)
ON CONFLICT DO NOTHING
"""
MOVE_MENTIONS_BACK = """
UPDATE mentions SET entity_id = %(one)s
WHERE entity_id = %(into)s AND id IN (
    SELECT g.moved::uuid
    FROM jsonb_array_elements_text(%(moved)s::jsonb -> 'mentions') AS g(moved))
"""
MOVE_MENTIONS_FROM_TWINS_BACK = """
UPDATE mentions m SET relationship_id = s.relationship_id
FROM jsonb_populate_recordset(NULL::mentions, %(moved)s::jsonb -> 'stated') AS s
    JOIN relationships r ON r.id = s.relationship_id
WHERE m.id = s.id
"""
# A mention that a newer revision of its document no longer makes is not restored.
RESTORE_MENTIONS = """
INSERT INTO mentions SELECT (jsonb_populate_record(s, jsonb_build_object('job_id', j.id))).*
FROM jsonb_populate_recordset(NULL::mentions, %(moved)s::jsonb -> 'stated') AS s
    JOIN documents d ON d.id = s.document_id
    LEFT JOIN jobs j ON j.id = s.job_id
    LEFT JOIN relationships r ON r.id = s.relationship_id
WHERE (s.entity_id IS NOT NULL OR r.id IS NOT NULL) AND NOT EXISTS (
    SELECT FROM mentions k WHERE k.document_id = s.document_id AND k.revision > s.revision)
ON CONFLICT DO NOTHING
"""
MOVE_EMBEDDINGS_BACK = """
UPDATE embeddings SET subject_id = %(one)s
WHERE entity_id = %(into)s AND id IN (
    SELECT g.moved::uuid
    FROM jsonb_array_elements_text(%(moved)s::jsonb -> 'embeddings') AS g(moved))
"""
RESTORE_EARLIER_MERGES = """
UPDATE merged_entities SET into_id = %(one)s WHERE id = ANY(%(carried)s) AND into_id = %(into)s
"""
REDUCE_SURVIVOR = """
UPDATE entities s SET
    aliases = ARRAY(SELECT a FROM unnest(s.aliases) WITH ORDINALITY AS t(a, n)
        WHERE NOT %(moved)s::jsonb -> 'aliases' ? a ORDER BY n),
    attributes = s.attributes - ARRAY(
        SELECT key FROM jsonb_each(%(moved)s::jsonb -> 'attributes') AS g(key, value)
        WHERE s.attributes -> g.key = g.value)
WHERE s.id = %(into)s
"""
SPLIT = (
    RESTORE_ENTITY,
    LOCK_MOVED,
    MOVE_RELATIONSHIPS_BACK,
    RESTORE_RELATIONSHIPS,
    MOVE_MENTIONS_BACK,
    MOVE_MENTIONS_FROM_TWINS_BACK,
    RESTORE_MENTIONS,
    MOVE_EMBEDDINGS_BACK,
    RESTORE_EARLIER_MERGES,
    REDUCE_SURVIVOR,
)
