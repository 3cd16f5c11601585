-- $1 id
SELECT e.version, row_to_json(shown)::text
FROM entities e, LATERAL (SELECT e.id, e.version, e.created_at, e.updated_at, e.name, e.type,
    e.confidence, e.key, e.aliases, e.attributes, e.provenance) shown
WHERE e.id = $1::uuid
