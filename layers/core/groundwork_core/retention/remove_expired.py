"""Delete expired rows."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.retention.ports import RetentionWork

OUTBOX_HOURS = 24
"""How far back subscribers of topics can replay changes."""
CLOCK_SLOT_DAYS = 7
TOKEN_DAYS = 30
"""After the end of a refresh token, so that its reuse is still detected."""
CALLBACK_DAYS = 7
"""How long a repeated callback is recognized; senders retry for three days at most."""
IDLE_BUCKET_HOURS = 1
"""A bucket refills in seconds, so an idle one can be deleted."""
JOB_ATTEMPT_DAYS = 30
"""Default time that an ended lease of a job stays listed among its attempts."""
WEBHOOK_DAYS = 7
"""How long messages and attempts of webhooks are kept, and the outbox rows that messages refer to.

A message is attempted for 76 hours, and an endpoint may fail for five days: two more are left to
mend it and to replay."""
SCHEDULE_RUN_DAYS = 30
"""How long a run of a schedule stays listed."""
HOST_DAYS = 1
"""How long an expired robots.txt and a host without sources, which redirects create, are kept."""
BATCH = 20_000
BATCHES = 5
"""Of messages of webhooks in one run: more than 1,000 a second."""


def remove_expired(
    *, work: RetentionWork, clock: Clock, job_attempt_days: int = JOB_ATTEMPT_DAYS
) -> int:
    """Delete expired rows in small transactions; return how many."""
    now = clock.now()
    removed = 0
    with work:
        removed += work.retention.remove_outbox(now - timedelta(hours=OUTBOX_HOURS), BATCH)
    for _ in range(BATCHES):
        with work:
            gone = work.retention.remove_webhook_messages(
                now - timedelta(days=WEBHOOK_DAYS), now - timedelta(hours=OUTBOX_HOURS), BATCH
            )
        removed += gone
        if gone < BATCH:
            break
    with work:
        removed += work.retention.remove_clock_slots(now - timedelta(days=CLOCK_SLOT_DAYS), BATCH)
        removed += work.retention.remove_tickets(now, BATCH)
        removed += work.retention.remove_refresh_tokens(now - timedelta(days=TOKEN_DAYS), BATCH)
        removed += work.retention.remove_kept_answers(now, BATCH)
        removed += work.retention.remove_callbacks(now - timedelta(days=CALLBACK_DAYS), BATCH)
        before = now - timedelta(days=SCHEDULE_RUN_DAYS)
        removed += work.retention.remove_schedule_runs(before, BATCH)
        removed += work.retention.remove_rate_buckets(
            now - timedelta(hours=IDLE_BUCKET_HOURS), BATCH
        )
    with work:
        before = now - timedelta(days=HOST_DAYS)
        removed += work.retention.remove_robots(before, BATCH)
        removed += work.retention.remove_hosts(before, BATCH)
    with work:
        before = now - timedelta(days=job_attempt_days)
        removed += work.retention.remove_job_attempts(before, BATCH)
    return removed
