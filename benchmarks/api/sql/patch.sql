-- $1 id, $2 the expected version, $3 the fields as JSON, $4 the user's id
WITH held AS (
    SELECT * FROM entities WHERE id = $1::uuid FOR UPDATE
), changed AS (
    UPDATE entities e SET name = r.name, confidence = r.confidence, key = r.key,
        aliases = r.aliases, version = h.version + 1, updated_at = now()
    FROM held h, LATERAL jsonb_populate_record(h::entities, $3::text::jsonb) r
    WHERE e.id = h.id AND h.version = $2::bigint RETURNING e.*
), shown AS (
    SELECT c.id, c.version, row_to_json(s) AS body
    FROM changed c, LATERAL (SELECT c.id, c.version, c.created_at, c.updated_at, c.name, c.type,
        c.confidence, c.key, c.aliases, c.attributes, c.provenance) s
), in_outbox AS (
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    SELECT 'entities', id, version, 'updated', body FROM shown
), in_audit_log AS (
    INSERT INTO audit_events (action, actor, actor_id, subject_type, subject_id, before, after)
    SELECT 'entities.updated', 'user:' || $4::text, $4::text::uuid, 'entities', shown.id,
        to_jsonb(s), shown.body
    FROM shown, held h, LATERAL (SELECT h.id, h.version, h.created_at, h.updated_at, h.name,
        h.type, h.confidence, h.key, h.aliases, h.attributes, h.provenance) s
)
SELECT (SELECT version FROM held), (SELECT body::text FROM shown)
