"""Statements of webhooks' messages and endpoints."""

from __future__ import annotations

SUBSCRIPTIONS = """
SELECT w.id, w.events FROM webhooks w JOIN webhook_states s ON s.webhook_id = w.id
WHERE w.enabled OR s.disabled_for_failures
"""
# `place` is taken from its sequence in the order of the rows.
ADD = """
INSERT INTO webhook_messages (webhook_id, outbox_id, type, status, due_at)
SELECT n.webhook_id, n.outbox_id, n.type, CASE WHEN w.enabled THEN 'pending' ELSE 'held' END,
    %(now)s
FROM unnest(%(webhooks)s::uuid[], %(rows)s::bigint[], %(types)s::text[])
    WITH ORDINALITY AS n(webhook_id, outbox_id, type, nth)
    JOIN webhooks w ON w.id = n.webhook_id
ORDER BY n.nth
ON CONFLICT (webhook_id, outbox_id, type) {conflict}
"""
ADD_NEW = ADD.format(conflict="DO NOTHING")
# A message that is being sent may be sent twice; both have the same id.
SEND_AGAIN = ADD.format(
    conflict="""DO UPDATE SET due_at = excluded.due_at, place = excluded.place, status = 'pending',
    attempts = CASE WHEN webhook_messages.status = 'pending' THEN webhook_messages.attempts
        ELSE 0 END"""
)
ADD_TEST = """
WITH event AS (
    INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)
    VALUES ('webhooks', %(webhook_id)s, 0, 'test',
        jsonb_build_object('id', %(webhook_id)s::uuid, 'test', true))
    RETURNING id
)
INSERT INTO webhook_messages (webhook_id, outbox_id, type, due_at)
SELECT %(webhook_id)s, id, 'webhooks.test', %(now)s FROM event RETURNING id
"""
ANNOUNCE = """
INSERT INTO outbox (aggregate, aggregate_id, version, kind, data, became)
VALUES ('webhooks', %s, 0, %s, %s, %s)
"""
# One second longer, because the relay's transaction has not ended yet.
AWAKE = """
SELECT EXISTS (SELECT FROM relay_lease
    WHERE name = 'webhooks' AND awake_until > clock_timestamp() + interval '1 second')
"""
STAY_AWAKE = """
UPDATE relay_lease SET awake_until = clock_timestamp() + make_interval(secs => %s)
WHERE name = 'webhooks'
"""

_OPEN = "(s.open_until IS NULL OR s.open_until <= %(now)s)"
_DUE = "m.status = 'pending' AND m.due_at <= %(now)s"
# An endpoint with an open circuit gets only tests.
LEASE = f"""
WITH has AS (
    SELECT h.key::uuid AS webhook_id, h.value::int AS room FROM jsonb_each_text(%(room)s) h
), taken AS (
    SELECT s.webhook_id, CASE WHEN s.failures > 0 THEN least(w.max_in_flight, %(prefetch)s)
            ELSE %(prefetch)s END AS room, {_OPEN} AS sends
    FROM webhook_states s JOIN webhooks w ON w.id = s.webhook_id AND w.enabled
    WHERE (s.leased_until IS NULL OR s.leased_until <= %(now)s) AND EXISTS (
        SELECT FROM webhook_messages m WHERE m.webhook_id = s.webhook_id AND {_DUE}
            AND ({_OPEN} OR m.type = 'webhooks.test'))
    ORDER BY s.failures > 0, s.webhook_id LIMIT %(endpoints)s
    FOR NO KEY UPDATE OF s SKIP LOCKED
), leased AS (
    UPDATE webhook_states s SET lease_token = %(token)s, leased_until = %(until)s
    FROM taken t WHERE s.webhook_id = t.webhook_id
), sending AS (
    SELECT webhook_id, room, sends FROM taken
    UNION ALL
    SELECT h.webhook_id, h.room, {_OPEN} FROM has h
        JOIN webhook_states s ON s.webhook_id = h.webhook_id AND s.lease_token = %(token)s
        JOIN webhooks w ON w.id = h.webhook_id AND w.enabled
)
SELECT m.id, m.webhook_id, m.type, m.attempts, coalesce(o.data, '{{}}'), o.created_at
FROM sending e CROSS JOIN LATERAL (
    SELECT m.id, m.webhook_id, m.type, m.attempts, m.outbox_id, m.due_at, m.place
    FROM webhook_messages m
    WHERE m.webhook_id = e.webhook_id AND {_DUE} AND m.id <> ALL (%(held)s::uuid[])
        AND (e.sends OR m.type = 'webhooks.test')
    ORDER BY m.due_at, m.place LIMIT e.room) m
    LEFT JOIN outbox o ON o.id = m.outbox_id
ORDER BY m.due_at, m.place
"""  # noqa: S608 - constants from above
RENEW = """
WITH mine AS (
    UPDATE webhook_states SET leased_until = %(until)s WHERE lease_token = %(token)s
    RETURNING webhook_id, failures
)
SELECT w.id, w.url, k.encrypted, CASE WHEN k.previous_until > %(now)s THEN k.previous END,
    ARRAY(SELECT DISTINCT p FROM users u JOIN roles r ON r.name = ANY (u.roles),
        unnest(r.permissions) p WHERE u.id = w.owner_id AND u.status = 'active'),
    w.max_in_flight, m.failures
FROM mine m JOIN webhooks w ON w.id = m.webhook_id AND w.enabled
    JOIN webhook_secrets k ON k.webhook_id = w.id
"""
GIVE_BACK = """
UPDATE webhook_states SET lease_token = NULL, leased_until = NULL
WHERE lease_token = %s AND webhook_id = ANY (%s)
"""
LOCK_HEALTH = """
SELECT webhook_id, failures, failing_since, last_status, open_until, warned_at
FROM webhook_states WHERE webhook_id = ANY (%s) ORDER BY webhook_id FOR NO KEY UPDATE
"""
KEEP_HEALTH = """
UPDATE webhook_states s SET failures = n.failures, failing_since = n.failing_since,
    last_status = n.last_status, open_until = n.open_until, warned_at = n.warned_at
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::timestamptz[],
    %s::timestamptz[]) AS n(webhook_id, failures, failing_since, last_status, open_until, warned_at)
WHERE s.webhook_id = n.webhook_id
"""
KEEP_ATTEMPTS = """
INSERT INTO webhook_attempts
    (webhook_id, message_id, type, number, at, status, duration_ms, error, response)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[],
    %s::bigint[], %s::bigint[], %s::text[], %s::text[])
"""
SETTLE = """
UPDATE webhook_messages m SET status = n.status, attempts = n.attempts,
    due_at = coalesce(n.due_at, m.due_at)
FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[])
    AS n(id, status, attempts, due_at)
WHERE m.id = n.id AND m.status = 'pending'
"""
DISABLE = """
WITH disabled AS (
    UPDATE webhooks SET enabled = false WHERE id = %(id)s AND enabled RETURNING id
)
UPDATE webhook_states s SET disabled_for_failures = true
FROM disabled d WHERE s.webhook_id = d.id RETURNING true
"""
ENABLE = """
WITH enabled AS (UPDATE webhooks SET enabled = true WHERE id = %(id)s AND NOT enabled)
SELECT true FROM webhooks WHERE id = %(id)s
"""
TRY_AT_ONCE = """
WITH forgotten AS (
    UPDATE webhook_states SET failures = 0, failing_since = NULL, open_until = NULL,
        warned_at = NULL, disabled_for_failures = false
    WHERE webhook_id = %(id)s
)
UPDATE webhook_messages SET due_at = now()
WHERE webhook_id = %(id)s AND status = 'pending' AND due_at > now()
"""
KEEP_ENCRYPTED = """
INSERT INTO webhook_secrets (webhook_id, encrypted) VALUES (%s, %s)
ON CONFLICT (webhook_id) DO NOTHING
"""
REPLACE_ENCRYPTED = """
INSERT INTO webhook_secrets AS k (webhook_id, encrypted, previous, previous_until)
VALUES (%(id)s, %(encrypted)s, %(previous)s, %(until)s)
ON CONFLICT (webhook_id) DO UPDATE SET encrypted = excluded.encrypted,
    previous = excluded.previous, previous_until = excluded.previous_until
"""
LOCK_ENCRYPTED = "SELECT encrypted FROM webhook_secrets WHERE webhook_id = %s FOR UPDATE"
NOT_ENCRYPTED = """
WITH plain AS (
    SELECT id, secret FROM webhooks WHERE secret IS NOT NULL ORDER BY id LIMIT %s
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (UPDATE webhooks w SET secret = NULL FROM plain p WHERE w.id = p.id)
SELECT id, secret FROM plain
"""
NEXT_DUE = """
SELECT extract(epoch FROM min(greatest(m.due_at, s.open_until)) - %(now)s)::float8
FROM webhook_states s JOIN webhooks w ON w.id = s.webhook_id AND w.enabled
    CROSS JOIN LATERAL (SELECT m.due_at FROM webhook_messages m
        WHERE m.webhook_id = s.webhook_id AND m.status = 'pending'
        ORDER BY m.due_at LIMIT 1) m
WHERE s.leased_until IS NULL OR s.leased_until <= %(now)s OR s.lease_token = %(token)s
"""
REPLAY_LOCK = "SELECT pg_advisory_xact_lock_shared(hashtextextended('groundwork:retention', 0))"
# Only the fields that decide which events a row causes.
EVENTS_SINCE = """
SELECT (o.xid::text)::bigint, o.id, o.aggregate, o.aggregate_id, o.version, o.kind,
    CASE WHEN o.aggregate = 'jobs' THEN jsonb_build_object('status', o.data -> 'status')
        ELSE '{}' END, o.became, o.created_at
FROM outbox o
WHERE (o.xid, o.id) > (%(xid)s::text::xid8, %(id)s) AND o.created_at >= %(since)s
ORDER BY o.xid, o.id LIMIT %(limit)s
"""
COUNTS = """
SELECT CASE WHEN NOT w.enabled AND s.disabled_for_failures THEN 'disabled'
        WHEN NOT w.enabled THEN 'off'
        WHEN s.warned_at IS NOT NULL THEN 'warned'
        WHEN s.failing_since IS NOT NULL THEN 'failing' ELSE 'ok' END, count(*),
    coalesce(extract(epoch FROM %(now)s - min(m.due_at) FILTER (
        WHERE w.enabled AND m.due_at < %(now)s AND s.failing_since IS NULL)), 0)::float8
FROM webhooks w JOIN webhook_states s ON s.webhook_id = w.id
    LEFT JOIN LATERAL (SELECT m.due_at FROM webhook_messages m
        WHERE m.webhook_id = w.id AND m.status = 'pending' ORDER BY m.due_at LIMIT 1) m ON true
GROUP BY 1
"""
