-- $1 type, $2 limit
SELECT e.id::text, row_to_json(shown)::text
FROM entities e, LATERAL (SELECT e.id, e.version, e.created_at, e.updated_at, e.name, e.type,
    e.confidence, e.key, e.aliases, e.attributes, e.provenance) shown
WHERE e.type = $1::text ORDER BY e.id DESC LIMIT $2::int + 1
