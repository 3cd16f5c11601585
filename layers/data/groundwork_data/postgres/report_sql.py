"""The statements of status reports."""

# ruff: noqa: S608 - their parts are constants
from __future__ import annotations

from groundwork_core.jobs.lease_rules import PROGRESS_EVENT_SECONDS
from groundwork_data.postgres.lease_sql import HELD, WHO

# Reports in quick succession do not change the end of the lease, to save index writes.
_STORE = f"""
UPDATE jobs t SET progress = {{progress}}, message = coalesce({{message}}, t.message),
    checkpoint = coalesce({{checkpoint}}, t.checkpoint), heard_at = %(now)s, silent_expiries = 0,
    leased_until = CASE
        WHEN t.leased_until + least(1, t.lease_seconds / 10.0) * interval '1 second'
            > %(now)s::timestamptz + t.lease_seconds * interval '1 second' THEN t.leased_until
        ELSE %(now)s::timestamptz + t.lease_seconds * interval '1 second' END,
    progress_sent_at = CASE
        WHEN t.progress_sent_at
            > %(now)s::timestamptz - interval '{PROGRESS_EVENT_SECONDS} seconds'
        THEN t.progress_sent_at ELSE %(now)s END
"""
_TAKEN = """t.progress_sent_at = %(now)s, json_build_object(
    'leased_until', t.leased_until, 'cancel_requested', t.cancel_requested)::text
"""
_STORE_ONE = _STORE.format(
    progress="%(progress)s", message="%(message)s", checkpoint="%(checkpoint)s"
)
_ONE = f"WHERE t.{HELD.replace(' AND ', ' AND t.')} RETURNING {_TAKEN}"
_WHO = f"WITH {WHO.removesuffix(', ')}"
REPORT = f"{_STORE_ONE}{_ONE}"
REPORT_AT_ONCE = f"{_WHO}{_STORE_ONE}FROM who {_ONE}"
"""Outside of a transaction; it sets the audit actor."""
# Jobs are locked one by one, in the order of their ids, so that two workers with the same leases
# take turns. No index serves the condition on the status: each job is looked up by its id.
_STORE_SAID = _STORE.format(progress="h.progress", message="h.message", checkpoint="h.said")
REPORT_MANY = f"""
{_WHO}, said AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(reports)s) AS x(
        id uuid, token uuid, progress float8, message text, checkpoint jsonb)
    ORDER BY id),
held AS MATERIALIZED (
    SELECT s.id, s.progress, s.message, s.checkpoint AS said
    FROM said s CROSS JOIN LATERAL (
        SELECT FROM jobs l WHERE l.id = s.id AND l.status IS NOT DISTINCT FROM 'leased'
            AND l.lease_token = s.token AND l.leased_until > %(now)s FOR UPDATE) l)
{_STORE_SAID}FROM held h, who WHERE t.id = h.id
RETURNING t.id, t.lease_token, {_TAKEN}
"""
"""As `REPORT_AT_ONCE`, for several jobs."""
