-- $1 the fields as JSON, $2 the user's id
WITH made AS (
    INSERT INTO entities (name, type, confidence, key, aliases, attributes)
    SELECT r.name, r.type, r.confidence, r.key, r.aliases, r.attributes
    FROM jsonb_populate_record(NULL::entities, $1::text::jsonb) r RETURNING *
), shown AS (
    SELECT made.id, made.version, row_to_json(s) AS body
    FROM made, LATERAL (SELECT made.id, made.version, made.created_at, made.updated_at, made.name,
        made.type, made.confidence, made.key, made.aliases, made.attributes, made.provenance) s
), in_outbox AS (
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    SELECT 'entities', id, version, 'created', body FROM shown
), in_audit_log AS (
    INSERT INTO audit_events (action, actor, actor_id, subject_type, subject_id, after)
    SELECT 'entities.created', 'user:' || $2::text, $2::text::uuid, 'entities', id, body FROM shown
)
SELECT version, body::text, id::text FROM shown
