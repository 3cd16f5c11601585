"""Compute the time of the next poll of a source. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from groundwork_core.errors import Fault, Invalid
from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.model import Adaptive, Cron, Interval, PlannedPoll
from groundwork_core.sources.ports import NextCron, Random

HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
BACKOFF_BASE_SECONDS = 30
BACKOFF_CAP_SECONDS = DAY_SECONDS
FAILURE_PAUSE_CAP_SECONDS = HOUR_SECONDS
RETRY_AFTER_CAP_SECONDS = 7 * DAY_SECONDS
TOO_COMPLEX_BASE_SECONDS = HOUR_SECONDS
TOO_COMPLEX_CAP_SECONDS = 3 * DAY_SECONDS
ADAPTIVE_UNKNOWN_SECONDS = HOUR_SECONDS
_EXPONENT_CAP = 32


@dataclass(frozen=True, slots=True)
class PollHistory:
    """The history that determines the next poll."""

    failures: int = 0
    """Consecutive failures, including the last poll."""
    failure: str | None = None
    retry_after_seconds: int | None = None
    median_gap_seconds: int | None = None
    newest_at: datetime | None = None


def next_poll(
    schedule: Interval | Cron | Adaptive,
    history: PollHistory,
    now: datetime,
    *,
    random: Random,
    next_cron: NextCron,
) -> PlannedPoll:
    """Plan the next poll after a poll.

    After a success the schedule applies. After a failure the pause is that of the schedule (at
    most an hour, so that a daily source does not lose a day) plus full jitter: a random part of a
    span that doubles with each failure, up to a day. Retry-After (RFC 9110 section 10.2.3) is
    honoured up to a week. If reading the response takes too long, the pause is at least an hour,
    doubling up to three days.

    Args:
        schedule: the schedule of the source.
        history: the results so far, including the last poll.
        now: aware, UTC.
        random: for the jitter.
        next_cron: evaluates cron expressions.
    """
    inputs: dict[str, JsonValue] = {"schedule": schedule.model_dump(), "now": now.isoformat()}
    pause = _pause(schedule, history, now, next_cron, inputs)
    reason: str = schedule.kind
    if history.failures > 0:
        span = min(
            BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(history.failures, _EXPONENT_CAP)
        )
        jitter = random.uniform(0, span)
        pause = min(pause, FAILURE_PAUSE_CAP_SECONDS) + jitter
        reason = "backoff"
        if history.failure == Failure.TOO_COMPLEX:
            # Each attempt costs other sources seconds, hence the minimum pause.
            floor = TOO_COMPLEX_BASE_SECONDS * 2 ** min(history.failures - 1, _EXPONENT_CAP)
            pause = max(pause, min(floor, TOO_COMPLEX_CAP_SECONDS))
        inputs |= {
            "failures": history.failures,
            "error_class": history.failure,
            "backoff_span_seconds": span,
            "jitter_seconds": round(jitter, 3),
        }
    asked = history.retry_after_seconds
    if asked is not None:
        inputs["retry_after_seconds"] = asked
        if min(asked, RETRY_AFTER_CAP_SECONDS) > pause:
            pause = min(asked, RETRY_AFTER_CAP_SECONDS)
            reason = "retry_after"
    inputs["pause_seconds"] = round(pause, 3)
    return PlannedPoll(now + timedelta(seconds=pause), reason, inputs)


def check_schedule(
    schedule: Interval | Cron | Adaptive, now: datetime, *, next_cron: NextCron
) -> None:
    """Raise Invalid when a cron schedule never matches; the fault points to it."""
    if not isinstance(schedule, Cron):
        return
    try:
        next_cron(schedule.expression, schedule.timezone, now)
    except ValueError as error:
        raise Invalid(
            "The schedule is invalid.", (Fault("/schedule/expression", str(error)),)
        ) from error


def _pause(
    schedule: Interval | Cron | Adaptive,
    history: PollHistory,
    now: datetime,
    next_cron: NextCron,
    inputs: dict[str, JsonValue],
) -> float:
    """Return the seconds until the schedule's next time."""
    if isinstance(schedule, Interval):
        return float(schedule.every_seconds)
    if isinstance(schedule, Cron):
        try:
            at = next_cron(schedule.expression, schedule.timezone, now)
        except ValueError as error:
            # Checked when it was set, but a time zone may disappear from the machine.
            inputs["schedule_error"] = str(error)
            return float(DAY_SECONDS)
        return (at - now).total_seconds()
    return _adaptive_pause(schedule, history, now, inputs)


def _adaptive_pause(
    schedule: Adaptive, history: PollHistory, now: datetime, inputs: dict[str, JsonValue]
) -> float:
    """Return half of the median gap between entries, or of the time since the newest if longer."""
    gap = history.median_gap_seconds
    wanted = float(ADAPTIVE_UNKNOWN_SECONDS)
    if gap is not None:
        silence = (now - history.newest_at).total_seconds() if history.newest_at else 0.0
        wanted = max(float(gap), silence) / 2
        inputs |= {"median_gap_seconds": gap, "silence_seconds": round(max(silence, 0.0))}
    return min(max(wanted, float(schedule.min_seconds)), float(schedule.max_seconds))
