"""Queue due sources, re-queue lost work and remove expired rows, each minute."""

from __future__ import annotations

import logging

from chalice.app import CloudWatchEvent

from groundwork_core.clock_jumps.follow_clock import follow_clock
from groundwork_core.jobs.sweep import sweep_jobs
from groundwork_core.publishing.end_distributions import end_all_finished
from groundwork_core.publishing.keep_engagements import keep_engagements
from groundwork_core.publishing.lease_distributions import expire_leases
from groundwork_core.publishing.start_distributions import start_due
from groundwork_core.realtime.close_sockets import close_expired
from groundwork_core.retention.remove_expired import remove_expired
from groundwork_core.schedules.run_schedules import run_due
from groundwork_core.sources.claim_due import AHEAD_SECONDS, claim_due
from groundwork_core.sources.polls import keep_polls
from groundwork_core.sources.sweep import sweep_fetches
from groundwork_core.sources.watch_ingestion import watch_ingestion
from groundwork_runtime import metrics
from groundwork_runtime.events import EventApp
from groundwork_runtime.ingestion_metrics import emit_ingestion
from groundwork_runtime.wiring import wiring

log = logging.getLogger(__name__)
handler = EventApp("scheduler")


@handler.schedule("rate(1 minute)")
def every_minute(event: CloudWatchEvent) -> dict[str, int]:  # noqa: ARG001 - Chalice's signature
    """Start what is due, re-queue lost jobs, remove expired rows, close expired sockets."""
    parts = wiring()
    waiting_seconds = parts.settings.sweep_after_seconds
    follow_clock(work=parts.work(), clock=parts.database_clock, uptime=parts.uptime)
    refetched = sweep_fetches(waiting_seconds, work=parts.work(), clock=parts.database_clock)
    ran = run_due(work=parts.work(), clock=parts.database_clock, next_cron=parts.next_cron)
    done = {
        "claimed": claim_due(
            work=parts.work(), clock=parts.database_clock, ahead_seconds=AHEAD_SECONDS
        )
    }
    done |= {"schedules_run": ran.succeeded, "schedules_failed": ran.failed}
    public_url = parts.settings.public_url
    done["started"] = start_due(
        work=parts.work(),
        clock=parts.database_clock,
        public_url=public_url,
        checker=parts.json_schemas,
    )
    done["distributions_ended"] = end_all_finished(
        work=parts.work(), finished=parts.finished_distributions
    )
    done["distributions_expired"] = expire_leases(work=parts.work(), clock=parts.database_clock)
    swept = sweep_jobs(
        waiting_seconds, work=parts.work(), clock=parts.database_clock, timers=parts.job_timers
    )
    done |= {"expired": swept.expired, "announced": swept.announced + refetched}
    keep_polls(work=parts.work(), clock=parts.database_clock)
    months = keep_engagements(
        parts.settings.engagement_months, work=parts.work(), clock=parts.database_clock
    )
    done["engagement_months_dropped"] = months.dropped
    done["removed"] = months.removed + remove_expired(
        work=parts.work(),
        clock=parts.database_clock,
        job_attempt_days=parts.settings.job_attempt_days,
        export_days=parts.settings.export_days,
    )
    done["closed"] = close_expired(work=parts.work(), sockets=parts.sockets)
    emit_ingestion(watch_ingestion(work=parts.work(), clock=parts.database_clock))
    # Literal names: the test of the alert rules searches for them here.
    metrics.emit("SchedulesRun", ran.succeeded)
    metrics.emit("SchedulesFailed", ran.failed)
    metrics.emit("SchedulerClaimed", done["claimed"])
    metrics.emit("SchedulerStarted", done["started"])
    metrics.emit("SchedulerExpired", done["expired"])
    metrics.emit("SchedulerAnnounced", done["announced"])
    metrics.emit("SchedulerRemoved", done["removed"])
    metrics.emit("SchedulerClosed", done["closed"])
    log.info("scheduled", extra=done)
    return done
