"""Statements about sources and the state of polling them."""

from __future__ import annotations

HOSTLESS = """
SELECT t.source_id, s.url FROM source_states t JOIN sources s ON s.id = t.source_id
WHERE t.host = '' ORDER BY t.due_at LIMIT %s FOR UPDATE OF t SKIP LOCKED
"""
GIVE_HOSTS = """
UPDATE source_states t SET host = given.host
FROM unnest(%s::uuid[], %s::text[]) AS given(source_id, host) WHERE t.source_id = given.source_id
"""
ADD = """
INSERT INTO sources (name, url, schedule, tags)
SELECT name, url, schedule, tags
FROM jsonb_to_recordset(%s) AS x(name text, url text, schedule jsonb, tags text[])
ON CONFLICT (url) DO NOTHING
RETURNING url, id
"""
LISTED = """
SELECT id, name, url, tags FROM sources
WHERE (%(tag)s::text IS NULL OR tags @> ARRAY[%(tag)s::text])
    AND (%(after)s::uuid IS NULL OR id > %(after)s)
ORDER BY id LIMIT %(limit)s
"""
START = """
INSERT INTO source_states (source_id, host, enabled, status, next_poll_at)
SELECT s.id, known.host, s.enabled, CASE WHEN s.enabled THEN 'pending' ELSE 'disabled' END, %(now)s
FROM sources s JOIN unnest(%(ids)s::uuid[], %(hosts)s::text[]) AS known(id, host) USING (id)
ON CONFLICT (source_id) DO NOTHING
"""
URLS = "SELECT id, url FROM sources WHERE id = ANY(%s)"
# A request that may still be running counts for its host, even if its response is unused.
START_AGAIN = """
WITH busy AS (
    UPDATE hosts h SET next_allowed_at = greatest(h.next_allowed_at, t.fetching_until)
    FROM source_states t
    WHERE t.source_id = %(id)s AND t.fetching_until > %(now)s AND h.host = t.host
)
UPDATE source_states t SET
    status = CASE WHEN t.enabled THEN 'pending' ELSE 'disabled' END, host = %(host)s,
    next_poll_at = %(now)s, next_poll_reason = 'new', next_poll_inputs = '{}',
    last_poll_at = NULL, error_class = NULL, error_message = NULL, failures = 0, redirects = 0,
    etag = NULL, last_modified = NULL, http_status = NULL,
    redirect_to = NULL, redirect_since = NULL, moved_to = NULL, onward = NULL,
    ticket = NULL, claimed_until = NULL, fetch_at = NULL, fetching_until = NULL, asked_ticket = NULL
WHERE t.source_id = %(id)s
"""
ANNOUNCE_AGAIN = """
UPDATE source_states SET claimed_until = %(until)s
WHERE source_id IN (
    SELECT source_id FROM source_states
    WHERE claimed_until > %(now)s AND claimed_until <= %(claimed_before)s
    ORDER BY claimed_until LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
RETURNING source_id, ticket
"""
TO_CLAIM = """
SELECT t.host, t.enabled, t.asked_ticket IS NOT NULL OR (t.claimed_until > %(now)s
    AND (t.fetch_at <= %(now)s OR t.fetching_until > %(now)s))
FROM source_states t WHERE t.source_id = %(id)s FOR UPDATE
"""
# Claims that wait for their time end, so that the requested fetch takes their place.
ASK = """
UPDATE source_states SET asked_ticket = CASE WHEN source_id = %(id)s THEN %(ticket)s::uuid END,
    ticket = NULL, claimed_until = NULL, fetch_at = NULL, fetching_until = NULL
WHERE source_id = %(id)s OR source_id IN (
    SELECT source_id FROM source_states
    WHERE host = %(host)s AND claimed_until > %(now)s AND fetch_at > %(now)s
        AND source_id <> %(id)s
    FOR UPDATE SKIP LOCKED)
"""
TO_FETCH = """
WITH taken AS (
    UPDATE source_states t SET fetching_until = %(until)s
    FROM unnest(%(sources)s::uuid[], %(tickets)s::uuid[]) AS due(source_id, ticket)
    WHERE t.source_id = due.source_id AND t.ticket = due.ticket AND t.enabled
        AND (t.fetching_until IS NULL OR t.fetching_until <= %(now)s
            OR t.ticket = ANY(%(again)s::uuid[]))
    RETURNING t.*
)
SELECT s.id, t.ticket, s.url, s.schedule, t.failures, t.etag, t.last_modified,
    (t.feed ->> 'median_gap_seconds')::bigint, (t.feed ->> 'newest_at')::timestamptz,
    coalesce(t.feed ->> 'identity', 'guid'), t.over_budget, t.host, t.fetch_at, t.status,
    t.redirect_to, t.redirect_since, t.moved_to, t.feed -> 'rhythm', t.feed -> 'wishes', t.onward,
    CASE WHEN t.next_poll_at <= t.fetch_at THEN t.next_poll_at END
FROM taken t JOIN sources s ON s.id = t.source_id
"""
HOLD = "SELECT 1 FROM source_states WHERE source_id = %s AND ticket = %s FOR UPDATE"
GIVE_BACK = """
UPDATE source_states t SET claimed_until = greatest(t.fetch_at, %(now)s) + (%(until)s - %(now)s),
    fetching_until = NULL, over_budget = over_budget OR t.source_id = ANY(%(heavy)s)
FROM unnest(%(sources)s::uuid[], %(tickets)s::uuid[]) AS given(source_id, ticket)
WHERE t.source_id = given.source_id AND t.ticket = given.ticket
RETURNING t.source_id, t.ticket, t.fetch_at
"""
GO_ONWARD = """
UPDATE source_states SET host = %(host)s, onward = %(onward)s, next_poll_at = %(now)s,
    next_poll_reason = 'redirected', next_poll_inputs = %(inputs)s,
    ticket = NULL, claimed_until = NULL, fetch_at = NULL, fetching_until = NULL
WHERE source_id = %(id)s AND ticket = %(ticket)s
"""
RECORD = """
UPDATE source_states SET
    status = CASE WHEN enabled THEN %(status)s ELSE status END, last_poll_at = %(at)s,
    next_poll_at = %(next_poll_at)s, next_poll_reason = %(reason)s, next_poll_inputs = %(inputs)s,
    last_changed_at = CASE WHEN %(stored)s > 0 THEN %(at)s ELSE last_changed_at END,
    ticket = NULL, claimed_until = NULL, fetch_at = NULL, fetching_until = NULL,
    host = coalesce(nullif(%(host)s, ''), host), http_status = %(http_status)s,
    error_class = %(failure)s, error_message = %(message)s,
    failures = CASE WHEN %(failure)s::text IS NULL THEN 0 ELSE failures + 1 END,
    polls = polls + 1, documents = documents + %(new)s, redirects = %(redirects)s,
    etag = %(etag)s, last_modified = %(last_modified)s, feed = coalesce(%(feed)s, feed),
    over_budget = %(over_budget)s, onward = NULL,
    redirect_to = %(redirect_to)s, redirect_since = %(redirect_since)s, moved_to = %(moved_to)s,
    last_success_at = CASE WHEN %(failure)s::text IS NULL THEN %(at)s ELSE last_success_at END
WHERE source_id = %(source_id)s AND ticket = %(ticket)s
"""
WATCH_STATE = """
SELECT s.enabled, s.schedule, t.status, t.next_poll_at, t.next_poll_reason, t.next_poll_inputs,
    t.last_poll_at, t.claimed_until, t.failures, t.error_class,
    (t.feed ->> 'median_gap_seconds')::bigint, (t.feed ->> 'newest_at')::timestamptz,
    t.feed -> 'rhythm', t.feed -> 'wishes', t.host, t.moved_to
FROM sources s JOIN source_states t ON t.source_id = s.id WHERE s.id = %s
"""
REPLAN = """
UPDATE source_states SET next_poll_at = %s, next_poll_reason = %s, next_poll_inputs = %s
WHERE source_id = %s
"""
ADD_POLL = """
INSERT INTO polls (source_id, at, status, http_status, duration_ms, bytes, new, changed, error,
    redirects, requests)
VALUES (%(source_id)s, %(at)s, %(status)s, %(http_status)s, %(duration_ms)s, %(bytes)s, %(new)s,
    %(changed)s, %(failure)s, %(redirects)s, %(requests)s)
"""
DISABLE = "UPDATE sources SET enabled = false WHERE id = %s AND enabled"
POLLS = """
SELECT at, status, http_status, duration_ms, bytes, new, changed, error, redirects, requests
FROM polls WHERE source_id = %s ORDER BY at DESC LIMIT %s
"""
KEEP_POLLS = "SELECT groundwork_keep_polls(%s, %s)"
