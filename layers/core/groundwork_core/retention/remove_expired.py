"""Delete expired rows."""

from __future__ import annotations

from datetime import timedelta

from groundwork_core.clock import Clock
from groundwork_core.retention.ports import RetentionWork

OUTBOX_HOURS = 24
"""Period of changes that subscribers of topics can replay."""
CLOCK_SLOT_DAYS = 7
TOKEN_DAYS = 30
"""Days for which expired refresh tokens are kept, so that their reuse is still detected."""
CALLBACK_DAYS = 7
"""Period in which a repeated callback is recognized; senders retry for three days at most."""
IDLE_BUCKET_HOURS = 1
"""A bucket refills in seconds, so an idle one can be deleted."""
JOB_ATTEMPT_DAYS = 30
"""Default time that an ended lease of a job stays listed among its attempts."""
WEBHOOK_DAYS = 7
"""Retention of the messages and attempts of webhooks, and of the outbox rows of those messages.

A message is attempted for 76 hours, and an endpoint may fail for five days: two days remain to
repair it and to replay."""
SCHEDULE_RUN_DAYS = 30
"""Least retention of a schedule's runs; they stay at least as long as exports do."""
EXPORT_DAYS = 30
"""Default time that the files of an export are kept."""
HOST_DAYS = 1
"""Retention of an expired robots.txt and of a host without sources, which redirects create."""
BATCH = 20_000
BATCHES = 5
"""Batches of webhook messages in one run: more than 1,000 messages a second."""


def remove_expired(
    *,
    work: RetentionWork,
    clock: Clock,
    job_attempt_days: int = JOB_ATTEMPT_DAYS,
    export_days: int = EXPORT_DAYS,
) -> int:
    """Delete expired rows in small transactions; return how many.

    Attempts of jobs are deleted after `job_attempt_days`.
    """
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
        removed += work.retention.remove_kept_responses(now, BATCH)
        removed += work.retention.remove_callbacks(now - timedelta(days=CALLBACK_DAYS), BATCH)
        before = now - timedelta(days=max(SCHEDULE_RUN_DAYS, export_days))
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
