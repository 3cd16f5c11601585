"""Compute the time of the next poll of a source. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.errors import Fault, Invalid
from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.model import Adaptive, Cron, Interval, PlannedPoll
from groundwork_core.sources.ports import NextCron, Random
from groundwork_core.sources.rhythm import Rhythm, pause_seconds
from groundwork_core.sources.wishes import Wishes
from groundwork_core.time_zones import UnknownTimeZone

HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
BACKOFF_BASE_SECONDS = 30
BACKOFF_CAP_SECONDS = 3 * DAY_SECONDS
FAILURE_PAUSE_CAP_SECONDS = HOUR_SECONDS
PAUSE_CAP_SECONDS = 31 * DAY_SECONDS
"""The longest pause, even if a publisher asks for more."""
TOO_COMPLEX_BASE_SECONDS = HOUR_SECONDS
ADAPTIVE_UNKNOWN_SECONDS = HOUR_SECONDS
JITTER_PART = 0.02
JITTER_CAP_SECONDS = 60.0
ADAPTIVE_SPREAD_PART = 0.1
"""An adaptive pause is shorter by a random part up to this. Sources that were imported together
and reach the longest pause would otherwise be polled together each day."""
CRON_SPREAD_PART = 0.1
CRON_SPREAD_CAP_SECONDS = 60.0
"""Spread of sources with the same cron expression: this part of the time between two of
its moments, at most. Each source keeps its place, so its polls stay as far apart as the moments."""
_EXPONENT_CAP = 32
_PLACES = 2**32


@dataclass(frozen=True, slots=True)
class PollHistory:
    """The history that determines the next poll."""

    failures: int = 0
    """Consecutive failures, including the last poll."""
    failure: str | None = None
    retry_after_seconds: int | None = None
    median_gap_seconds: int | None = None
    newest_at: datetime | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    fresh_seconds: int | None = None
    """The time for which the last response with 200 or 304 is fresh (RFC 9111 section 4.2.1)."""
    wishes: Wishes = field(default_factory=Wishes)


def next_poll(
    schedule: Interval | Cron | Adaptive,
    history: PollHistory,
    now: datetime,
    *,
    random: Random,
    next_cron: NextCron,
    place: float,
) -> PlannedPoll:
    """Plan the next poll after a poll; its reason names the longest of the pauses.

    The pauses are those of the schedule, of the response's freshness (Cache-Control, Expires), of
    the feed's ttl, and of Retry-After (RFC 9110 section 10.2.3). A publisher's pause counts for a
    month at most; only the user's own schedule may be longer. Jitter is added, so that polls of
    many sources spread out; it never makes a poll earlier, except that an adaptive pause, which is
    an estimate, may be up to a tenth shorter. With a cron expression there is no jitter: the poll
    comes a fixed offset after each of its moments, before the next one. Hours and days that the
    feed asks to skip are skipped.

    After a failure, the schedule's pause is at most an hour, so that a daily source does not lose a
    day. Full jitter is added: a random part of a span that doubles with each failure, up to three
    days. If reading the response took too long, the pause is at least an hour and doubles each
    time. After a refusal by robots.txt the pause is a day.

    Args:
        schedule: the schedule of the source.
        history: the results so far, including the last poll.
        now: the time of that poll, aware, UTC.
        random: makes the jitter.
        next_cron: evaluates cron expressions.
        place: the source's place among those with the same cron expression (`place_of`).
    """
    inputs: dict[str, JsonValue] = {"schedule": schedule.model_dump(), "now": now.isoformat()}
    usual = _schedule_pause(schedule, history, now, next_cron, place, inputs)
    if isinstance(schedule, Adaptive):
        usual = max(usual - random.uniform(0, usual * ADAPTIVE_SPREAD_PART), schedule.min_seconds)
    if history.failures > 0:
        pauses = {"backoff": _backoff(usual, history, random, inputs)}
    else:
        pauses = {schedule.kind: usual}
    for name, seconds in (
        ("cache", history.fresh_seconds),
        ("ttl", history.wishes.ttl_seconds),
        ("retry_after", history.retry_after_seconds),
    ):
        if seconds is not None:
            inputs[f"{name}_seconds" if name != "cache" else "fresh_seconds"] = seconds
            pauses[name] = float(min(seconds, PAUSE_CAP_SECONDS))
    reason = max(pauses, key=lambda name: pauses[name])
    pause = pauses[reason]
    if reason not in ("cron", "backoff"):
        jitter = random.uniform(0, min(JITTER_CAP_SECONDS, pause * JITTER_PART))
        pause = min(pause + jitter, max(pause, PAUSE_CAP_SECONDS))
        inputs["jitter_seconds"] = round(jitter, 3)
    inputs["pause_seconds"] = round(pause, 3)
    inputs["pauses"] = {name: round(seconds, 3) for name, seconds in pauses.items()}
    planned = now + timedelta(seconds=pause)
    allowed = history.wishes.allowed_from(planned)
    if allowed > planned:
        reason = "skip"
        inputs |= {"skipped_from": planned.isoformat(), "wishes": history.wishes.as_json()}
    return PlannedPoll(allowed, reason, inputs)


def place_of(source_id: UUID) -> float:
    """Return the place of a source among others, from 0 to 1; always the same."""
    digest = blake2b(source_id.bytes, digest_size=4).digest()
    return int.from_bytes(digest) / _PLACES


def check_schedule(
    schedule: Interval | Cron | Adaptive, now: datetime, *, next_cron: NextCron
) -> None:
    """Raise Invalid if a cron schedule never matches; its pointer is that of the expression."""
    if not isinstance(schedule, Cron):
        return
    try:
        next_cron(schedule.expression, schedule.timezone, now)
    except UnknownTimeZone as error:
        fault = Fault("/schedule/timezone", str(error))
        raise Invalid("The schedule is invalid.", (fault,)) from error
    except ValueError as error:
        fault = Fault("/schedule/expression", str(error))
        raise Invalid("The schedule is invalid.", (fault,)) from error


def _backoff(
    usual: float, history: PollHistory, random: Random, inputs: dict[str, JsonValue]
) -> float:
    """Return the pause after a failure."""
    span = min(
        BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(history.failures, _EXPONENT_CAP)
    )
    jitter = random.uniform(0, span)
    pause = min(usual, FAILURE_PAUSE_CAP_SECONDS) + jitter
    inputs |= {
        "failures": history.failures,
        "error_class": history.failure,
        "backoff_span_seconds": span,
        "jitter_seconds": round(jitter, 3),
    }
    if history.failure == Failure.ROBOTS:
        return float(DAY_SECONDS)
    if history.failure == Failure.TOO_COMPLEX:
        # Each attempt costs other sources seconds, hence the minimum pause.
        floor = TOO_COMPLEX_BASE_SECONDS * 2 ** min(history.failures - 1, _EXPONENT_CAP)
        pause = max(pause, floor)
    return min(pause, float(BACKOFF_CAP_SECONDS))


def _schedule_pause(
    schedule: Interval | Cron | Adaptive,
    history: PollHistory,
    now: datetime,
    next_cron: NextCron,
    place: float,
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
        offset = place * _cron_spread(schedule, at, next_cron)
        inputs |= {"cron_at": at.isoformat(), "offset_seconds": round(offset, 3)}
        return (at - now).total_seconds() + offset
    return _adaptive_pause(schedule, history, now, inputs)


def _cron_spread(schedule: Cron, at: datetime, next_cron: NextCron) -> float:
    """Return over how many seconds the polls of one moment are spread."""
    try:
        following = next_cron(schedule.expression, schedule.timezone, at)
    except ValueError:
        return CRON_SPREAD_CAP_SECONDS  # it never matches again
    return min(CRON_SPREAD_CAP_SECONDS, (following - at).total_seconds() * CRON_SPREAD_PART)


def _adaptive_pause(
    schedule: Adaptive, history: PollHistory, now: datetime, inputs: dict[str, JsonValue]
) -> float:
    """Return the seconds until half an entry is expected, by the publisher's rhythm.

    The usual gap is the median gap, or the time since the newest entry if that is longer.
    """
    gap = history.median_gap_seconds
    wanted = float(ADAPTIVE_UNKNOWN_SECONDS)
    if gap is not None:
        silence = (now - history.newest_at).total_seconds() if history.newest_at else 0.0
        wanted = pause_seconds(max(float(gap), silence), history.rhythm, now)
        inputs |= {
            "median_gap_seconds": gap,
            "silence_seconds": round(max(silence, 0.0)),
            "rhythm_factor": round(history.rhythm.factor(now), 2),
        }
    return min(max(wanted, float(schedule.min_seconds)), float(schedule.max_seconds))
