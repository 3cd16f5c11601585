"""Claim due sources whose host is free, at most one for each host, in one statement.

`hosts.ready_at` selects the hosts that may have a source to claim, so the work grows with the
number of claims and not with the number of sources. A host's row is locked without waiting. If
another statement has claimed from the host in the meantime, the counter `claims` has changed, and
this statement skips the host: the number of its running fetches may have changed.

`ahead` is how far in the future a claimed fetch may start: its message is delayed until `fetch_at`.
"""

from __future__ import annotations

MOST = "CASE WHEN h.circuit_until IS NULL THEN h.max_in_flight ELSE 1 END"
"""Fetches at a time: one probe while the circuit is not closed."""

_CLAIM = """
WITH free AS MATERIALIZED (
    SELECT h.host, h.next_allowed_at, h.delay_ms, {most} AS most,
        (SELECT count(*) FROM source_states c
            WHERE c.host = h.host AND c.claimed_until > %(now)s) AS in_flight
    FROM hosts seen JOIN hosts h ON h.host = seen.host
    WHERE seen.ready_at <= %(ahead)s AND h.ready_at <= %(ahead)s AND h.claims = seen.claims
        AND h.next_allowed_at <= %(ahead)s AND {only}
        AND (SELECT count(*) FROM source_states c
            WHERE c.host = h.host AND c.claimed_until > %(now)s) < {most}
    ORDER BY seen.ready_at LIMIT %(limit)s
    FOR UPDATE OF h SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT f.host, due.source_id, due.ticket,
        greatest(f.next_allowed_at, due.next_poll_at, %(now)s) AS fetch_at
    FROM free f CROSS JOIN LATERAL (
        SELECT t.source_id, coalesce(t.asked_ticket, uuidv7()) AS ticket,
            CASE WHEN t.due_at = t.next_poll_at THEN t.next_poll_at END AS next_poll_at
        FROM source_states t WHERE t.host = f.host AND t.due_at <= %(ahead)s
        ORDER BY t.due_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
), claimed AS (
    UPDATE source_states t SET ticket = p.ticket, claimed_until = p.fetch_at + %(lease)s,
        fetch_at = p.fetch_at, fetching_until = NULL, asked_ticket = NULL
    FROM picked p WHERE t.source_id = p.source_id
    RETURNING t.source_id, t.ticket, t.fetch_at
), counted AS (
    UPDATE hosts h SET
        claims = h.claims + 1,
        next_allowed_at = CASE WHEN f.most > 1 AND p.host IS NOT NULL
            THEN p.fetch_at + f.delay_ms * interval '1 ms' ELSE h.next_allowed_at END,
        ready_at = CASE WHEN f.in_flight + 1 >= f.most AND p.host IS NOT NULL
            THEN least(p.fetch_at + %(lease)s, (SELECT min(c.claimed_until) FROM source_states c
                WHERE c.host = f.host AND c.claimed_until > %(now)s))
            ELSE (SELECT greatest(t.due_at, h.next_allowed_at,
                    CASE WHEN f.most > 1 THEN p.fetch_at + f.delay_ms * interval '1 ms' END)
                FROM source_states t WHERE t.host = f.host AND t.due_at IS NOT NULL
                    AND t.source_id IS DISTINCT FROM p.source_id
                ORDER BY t.due_at LIMIT 1) END
    FROM free f LEFT JOIN picked p ON p.host = f.host WHERE h.host = f.host
    RETURNING p.source_id
)
SELECT n.source_id, c.ticket, c.fetch_at
FROM counted n LEFT JOIN claimed c ON c.source_id = n.source_id
"""
CLAIM_DUE = _CLAIM.format(most=MOST, only="true")
CLAIM_OF_HOSTS = _CLAIM.format(most=MOST, only="h.host = ANY(%(hosts)s)")
