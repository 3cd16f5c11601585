"""The statements of leases, for messages of a queue and for HTTP.

A trigger writes one row of `job_attempts` for each lease, and completes it with the job's
`outcome`.
"""

# ruff: noqa: S608 - their parts are constants
from __future__ import annotations

from groundwork_core.jobs.lease_rules import (
    LEASED_BYTES_MAX,
    OVERTAKEN_SECONDS,
    REPLAYS_PER_SECOND,
    RETRY_BASE_SECONDS,
    RETRY_MAX_SECONDS,
    SILENT_EXPIRIES_MAX,
)
from groundwork_core.jobs.model import WorkerJob
from groundwork_core.jobs.resource import JOBS
from groundwork_core.jobs.timers import SLOT_SECONDS
from groundwork_data.postgres.resource_sql import shown_columns

WINDOW = 64
"""Places in the order that one lease looks at beyond those that it takes: other workers may be
taking the first ones at the same time."""
FIRST_WINDOW = 8
"""The same for the first try."""

TAKE = """
UPDATE jobs t SET status = 'leased', attempt = least(t.attempt + 1, t.max_attempts),
    leases = t.leases + 1, progress = 0, message = NULL, error = NULL, not_before = NULL,
    lease_token = gen_random_uuid(), heard_at = NULL, progress_sent_at = NULL, outcome = NULL,
    lease_owner = {owner}, leased_until = %(until)s, lease_seconds = %(seconds)s
"""
END_LEASE = """lease_owner = NULL, leased_until = NULL, lease_token = NULL, lease_seconds = NULL,
    heard_at = NULL"""
LEASED_JSON = (
    f"(SELECT row_to_json(shown)::text FROM (SELECT {shown_columns(JOBS)}, t.lease_token) shown)"
)

# These indexes have only jobs that wait and do not pause, so that the first places are
# those of jobs that can be leased. Jobs created much later than the oldest one do not go first.
# A response has a maximum size, but at least one job.
# `chosen` and `taken` find rows by their place in the table, and no index serves the conditions of
# `chosen`: otherwise, a plan that is made for few jobs reads all of them, by one index or another.
# A job that is changed meanwhile has another place, and is left for the next lease.
_NEXT = f"""
WITH {{who}}oldest AS MATERIALIZED (
    SELECT min(o.created_at) AS made FROM unnest(%(kinds)s::text[]) AS k(kind) CROSS JOIN LATERAL (
        SELECT w.created_at FROM jobs w
        WHERE w.kind = k.kind AND w.status = 'queued' AND w.not_before IS NULL
        ORDER BY (w.created_at AT TIME ZONE 'UTC') LIMIT 1) o),
first AS MATERIALIZED (
    SELECT f.row, f.id, f.place FROM unnest(%(kinds)s::text[]) AS k(kind) CROSS JOIN LATERAL (
        SELECT w.ctid AS row, w.id, {{place}} AS place FROM jobs w
        WHERE w.kind = k.kind AND w.status = 'queued' AND w.not_before IS NULL
        ORDER BY {{place}}, w.id LIMIT %(window)s) f
    ORDER BY f.place, f.id LIMIT %(window)s),
chosen AS MATERIALIZED (
    SELECT l.ctid AS row, f.id, f.place, octet_length(l.payload::text)
            + coalesce(octet_length(l.checkpoint::text), 0) AS bytes
    FROM first f JOIN jobs l ON l.ctid = f.row
    WHERE l.status IS NOT DISTINCT FROM 'queued' AND l.not_before IS NULL
        AND l.created_at - (SELECT made FROM oldest) <= interval '{OVERTAKEN_SECONDS} seconds'
    ORDER BY f.place, f.id LIMIT %(most)s FOR UPDATE OF l SKIP LOCKED),
fits AS MATERIALIZED (
    SELECT row, row_number() OVER o AS number, sum(bytes) OVER o AS so_far FROM chosen
    WINDOW o AS (ORDER BY place, id)),
taken AS ({TAKE.format(owner="{owner}")} FROM fits{{join}}
    WHERE t.ctid = fits.row AND (fits.number = 1 OR fits.so_far <= {LEASED_BYTES_MAX})
    RETURNING fits.number, {{returned}})
SELECT {{shown}} FROM taken ORDER BY number
"""
BY_PLACE, BY_AGE = "w.sort_key", "(w.created_at AT TIME ZONE 'UTC')"
WORKER_COLUMNS = ", ".join(f"t.{name}" for name in WorkerJob.model_fields)
_FOR_HTTP = {"owner": "%(worker)s", "returned": f"{LEASED_JSON} AS text", "shown": "text"}
_FOR_QUEUE = {
    # One job per message, in order.
    "owner": "(%(owners)s::text[])[fits.number]",
    "returned": WORKER_COLUMNS,
    "shown": ", ".join(WorkerJob.model_fields),
}
LEASE_IN_ORDER = _NEXT.format(who="", join="", place=BY_PLACE, **_FOR_HTTP)
LEASE_OLDEST = _NEXT.format(who="", join="", place=BY_AGE, **_FOR_HTTP)
LEASE_FOR_MESSAGES = _NEXT.format(who="", join="", place=BY_PLACE, **_FOR_QUEUE)
LEASE_OLDEST_FOR_MESSAGES = _NEXT.format(who="", join="", place=BY_AGE, **_FOR_QUEUE)
WHO = "who AS MATERIALIZED (SELECT groundwork_act_as(%(actor)s)), "
LEASE_AT_ONCE = _NEXT.format(who=WHO, join=", who", place=BY_PLACE, **_FOR_HTTP)
"""Outside of a transaction; it sets the audit actor."""
KEPT_PLAN = b"; ".join(
    [b"SET LOCAL plan_cache_mode = force_generic_plan"]
    + [
        b"SET LOCAL enable_%b = off" % way
        for way in (b"seqscan", b"bitmapscan", b"sort", b"hashjoin", b"mergejoin")
    ]
)
"""Settings for `LEASE_AT_ONCE`. They leave one plan: reading the first places of the order's
indexes, and each job by its place in the table. So the plan may be kept, however few jobs there
were when it was made."""
IDLE = """
SELECT NOT EXISTS (SELECT FROM jobs WHERE status = 'leased' AND leased_until <= %(now)s)
    AND NOT EXISTS (SELECT FROM jobs WHERE status = 'queued' AND not_before <= %(now)s)
    AND NOT EXISTS (SELECT FROM jobs
        WHERE kind = ANY(%(kinds)s::text[]) AND status = 'queued' AND not_before IS NULL)
"""

SHOWN = f"""
SELECT {LEASED_JSON} FROM unnest(%s::uuid[]) WITH ORDINALITY AS l(id, number)
JOIN jobs t ON t.id = l.id ORDER BY l.number
"""

TO_TIDY = """
SELECT EXISTS (SELECT FROM jobs WHERE status = 'leased' AND leased_until <= %(now)s),
    EXISTS (SELECT FROM jobs WHERE status = 'queued' AND not_before <= %(now)s)
"""
_EXPIRED = f"""
    status = CASE WHEN j.cancel_requested THEN 'cancelled'
        WHEN e.silent >= {SILENT_EXPIRIES_MAX} OR j.attempt >= j.max_attempts THEN 'quarantined'
        ELSE 'queued' END,
    error = CASE WHEN e.silent >= {SILENT_EXPIRIES_MAX} THEN jsonb_build_object(
            'class', 'crashed', 'message',
            '{SILENT_EXPIRIES_MAX} leases in a row expired without one status report.')
        ELSE jsonb_build_object('class', 'lease_expired', 'message',
            'The worker''s lease ran out before a result came.') END,
    silent_expiries = e.silent, outcome = 'expired', queued_at = %(now)s, {END_LEASE}
"""
EXPIRE = f"""
UPDATE jobs j SET {_EXPIRED}
FROM (
    SELECT id, CASE WHEN heard_at IS NULL THEN silent_expiries + 1 ELSE 0 END AS silent
    FROM jobs WHERE status = 'leased' AND leased_until <= %(now)s
    ORDER BY leased_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED) e
WHERE j.id = e.id
RETURNING j.id
"""
# Two calls for one message take turns, so that the second one finds what the first one has leased.
# Locks are taken in the order of their keys, by a statement of its own, because only a later
# statement sees what the first call committed.
LOCK_MESSAGES = """
SELECT pg_advisory_xact_lock(o.key) FROM (
    SELECT hashtextextended(owner, 0) AS key FROM unnest(%s::text[]) AS m(owner) ORDER BY 1) o
"""
# A redelivered message: its earlier worker crashed, or could not hand in the result. So the lease
# of a job that is not tried again ends now, not when its time is over, unless reports came.
LEASE_AGAIN = f"""
WITH had AS MATERIALIZED (
    SELECT l.id, CASE WHEN l.heard_at IS NULL THEN l.silent_expiries + 1 ELSE 0 END AS silent,
        l.attempt < l.max_attempts AND l.silent_expiries < {SILENT_EXPIRIES_MAX - 1} AS again
    FROM jobs l
    WHERE l.status = 'leased' AND l.lease_owner LIKE 'queue:%%'
        AND l.lease_owner = ANY(%(owners)s::text[])
    ORDER BY l.id FOR UPDATE OF l),
ended AS (UPDATE jobs j SET {_EXPIRED}
    FROM had e WHERE j.id = e.id AND NOT e.again AND e.silent > 0)
{TAKE.format(owner="t.lease_owner")}, silent_expiries = w.silent
FROM had w WHERE t.id = w.id AND w.again
RETURNING {WORKER_COLUMNS}
"""
END_PAUSES = """
UPDATE jobs SET not_before = NULL, queued_at = %(now)s WHERE id IN (
    SELECT id FROM jobs WHERE status = 'queued' AND not_before <= %(now)s
    ORDER BY not_before LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""
LATE_ENDS = f"""
SELECT DISTINCT to_timestamp(ceil(extract(epoch FROM e.ends) / {SLOT_SECONDS}) * {SLOT_SECONDS})
FROM (
    SELECT leased_until AS ends FROM jobs WHERE status = 'leased'
        AND leased_until > %(after)s AND leased_until <= %(before)s AND lease_seconds >= %(seconds)s
    UNION ALL
    SELECT not_before FROM jobs WHERE status = 'queued'
        AND not_before > %(after)s AND not_before <= %(before)s
        AND not_before - queued_at >= %(seconds)s * interval '1 second') e
"""
HELD = "id = %(id)s AND status = 'leased' AND lease_token = %(token)s AND leased_until > %(now)s"
HOLDS = f"SELECT id FROM jobs WHERE {HELD} FOR UPDATE"
GIVE_BACK = f"""
UPDATE jobs SET status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
    attempt = attempt - 1, progress = 0, queued_at = %(now)s,
    reference = coalesce(%(reference)s, reference),
    not_before = CASE WHEN cancel_requested THEN NULL
        ELSE %(now)s + %(pause)s::float8 * interval '1 second' END,
    outcome = CASE WHEN cancel_requested THEN 'cancelled'
        WHEN %(pause)s::float8 IS NULL THEN 'released' ELSE 'deferred' END, {END_LEASE}
WHERE {HELD} RETURNING id
"""
CANCEL = """
UPDATE jobs SET cancel_requested = true, not_before = NULL,
    status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END
WHERE id = %(id)s AND status IN ('queued', 'leased') RETURNING status
"""
FAIL = f"""
UPDATE jobs j SET
    status = f.status,
    not_before = CASE f.status WHEN 'queued' THEN %(now)s + nullif(coalesce(f.retry_after, least(
        {RETRY_MAX_SECONDS}, {RETRY_BASE_SECONDS} * 2 ^ least(greatest(j.attempt - 1, 0), 30)
        ) * f.jitter), 0) * interval '1 second' END,
    queued_at = CASE f.status WHEN 'queued' THEN %(now)s ELSE j.queued_at END,
    error = jsonb_build_object('class', f.class, 'message', f.message),
    silent_expiries = 0,
    outcome = CASE f.status WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END,
    attempt = CASE WHEN f.status = 'cancelled' THEN greatest(j.attempt - 1, 0) ELSE j.attempt END,
    {END_LEASE}
FROM (
    SELECT l.id, x.class, x.message, x.jitter, x.retry_after,
        CASE WHEN l.cancel_requested THEN 'cancelled' WHEN x.final THEN 'failed'
             WHEN l.attempt < l.max_attempts THEN 'queued' ELSE 'quarantined' END AS status
    FROM jsonb_to_recordset(%(failures)s) AS x(id uuid, final boolean, class text, message text,
        attempt bigint, jitter double precision, retry_after double precision)
    JOIN jobs l ON l.id = x.id
    WHERE l.status IN ('queued', 'leased') AND (x.attempt IS NULL OR x.attempt = l.attempt)
    ORDER BY l.id FOR UPDATE OF l) AS f
WHERE j.id = f.id
RETURNING j.id, j.status
"""
SUCCEED = f"""
UPDATE jobs j SET status = 'succeeded', progress = 1, error = NULL, result = r.result,
    not_before = NULL, silent_expiries = 0, outcome = 'succeeded', {END_LEASE}
FROM unnest(%s::uuid[], %s::jsonb[]) AS r(id, result)
WHERE j.id = r.id AND j.status <> 'succeeded'
"""
_AGAIN = """status = 'queued', attempt = 0, progress = 0, error = NULL, silent_expiries = 0,
    cancel_requested = false, reference = NULL, outcome = NULL"""
REQUEUE = f"""
UPDATE jobs j SET {_AGAIN}, not_before = NULL, queued_at = %s
WHERE j.id = %s AND j.status IN ('failed', 'quarantined', 'cancelled')
RETURNING {{columns}}
"""
REPLAY = f"""
UPDATE jobs j SET {_AGAIN}, queued_at = %(now)s,
    not_before = %(now)s + nullif(r.place, 0) * interval '1 second' / {REPLAYS_PER_SECOND}
FROM (
    SELECT l.id, row_number() OVER (ORDER BY l.id) - 1 AS place FROM (
        SELECT id FROM jobs WHERE status IN ('failed', 'quarantined') AND kind = %(kind)s
            AND (%(class)s::text IS NULL OR error ->> 'class' = %(class)s)
            AND (%(since)s::timestamptz IS NULL OR updated_at >= %(since)s)
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) l) r
WHERE j.id = r.id
RETURNING j.id
"""
REPLAYABLE = """
SELECT EXISTS (SELECT FROM jobs WHERE status IN ('failed', 'quarantined') AND kind = %(kind)s
    AND (%(class)s::text IS NULL OR error ->> 'class' = %(class)s)
    AND (%(since)s::timestamptz IS NULL OR updated_at >= %(since)s))
"""
SUCCEEDED_WITH = """
SELECT a.job_id, a.lease_token FROM unnest(%s::uuid[], %s::uuid[]) AS l(token, job_id)
JOIN job_attempts a ON a.lease_token = l.token AND a.job_id = l.job_id
JOIN jobs j ON j.id = a.job_id
WHERE a.outcome = 'succeeded' AND j.status = 'succeeded'
"""
ATTEMPTS = """
SELECT number, worker, started_at, ended_at, outcome, error FROM job_attempts
WHERE job_id = %s ORDER BY number DESC LIMIT 1000
"""
STATS = """
WITH states AS (
    SELECT kind, count(*) FILTER (WHERE status = 'queued' AND not_before IS NULL) AS queued,
        count(*) FILTER (WHERE status = 'leased') AS leased,
        count(*) FILTER (WHERE status = 'queued' AND not_before IS NOT NULL) AS deferred,
        count(*) FILTER (WHERE status = 'quarantined') AS quarantined,
        extract(epoch FROM %(now)s - min(created_at) FILTER (
            WHERE status = 'queued' AND not_before IS NULL))::float8 AS oldest
    FROM jobs WHERE status IN ('queued', 'leased', 'quarantined') GROUP BY kind),
done AS (
    SELECT j.kind, count(*) / 5.0 AS rate FROM job_attempts a JOIN jobs j ON j.id = a.job_id
    WHERE a.ended_at > %(now)s - interval '5 minutes' AND a.outcome = 'succeeded' GROUP BY j.kind),
failed AS (
    SELECT kind, jsonb_object_agg(class, n) AS classes FROM (
        SELECT j.kind, a.error ->> 'class' AS class, count(*) AS n
        FROM job_attempts a JOIN jobs j ON j.id = a.job_id
        WHERE a.ended_at > %(now)s - interval '1 hour' AND a.error IS NOT NULL
        GROUP BY j.kind, a.error ->> 'class') c
    GROUP BY kind)
SELECT kind, coalesce(queued, 0), coalesce(leased, 0), coalesce(deferred, 0),
    coalesce(quarantined, 0), oldest, coalesce(rate, 0)::float8, coalesce(classes, '{}')
FROM states FULL JOIN done USING (kind) FULL JOIN failed USING (kind) ORDER BY kind
"""
