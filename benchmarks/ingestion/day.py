"""A day of many sources by the rule of the schedule alone: no network, no database."""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from groundwork_core.sources.import_sources import IMPORT_SCHEDULE
from groundwork_core.sources.model import Adaptive, Cron, Interval
from groundwork_core.sources.rhythm import Rhythm
from groundwork_core.sources.schedule import PollHistory, next_poll
from groundwork_core.sources.wishes import Wishes
from groundwork_data.cron import next_cron

SOURCES = 20_000
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; the day that is counted is the second one."""
USUAL_GAP_SECONDS, GAP_SPREAD = 3 * 86_400.0, 1.6
"""Of the entries of a feed: median of all feeds, and the deviation of its logarithm."""
WAKING = (0, 0, 0, 0, 0, 0, 1, 2, 4, 5, 5, 4, 4, 4, 5, 5, 4, 4, 3, 3, 3, 2, 1, 1)
"""Entries by hour of the day, where the publisher lives."""
WEEK = (6, 6, 6, 6, 5, 3, 3)
FAILING, THROTTLING, CACHED, WITH_TTL = 0.03, 0.02, 0.3, 0.1
FRESH_SECONDS = (300, 600, 3_600, 14_400)
TTL_MINUTES = (30, 60, 60, 240, 1_440)
SCHEDULES: tuple[tuple[float, Adaptive | Interval | Cron], ...] = (
    (0.85, IMPORT_SCHEDULE),
    (0.1, Interval(kind="interval", every_seconds=900)),
    (0.05, Cron(kind="cron", expression="0 7 * * *", timezone="Europe/Berlin")),
)
"""Shares of sources."""


@dataclass(slots=True)
class Feed:
    """A source and its publisher."""

    schedule: Adaptive | Interval | Cron
    gap_seconds: float
    rhythm: Rhythm
    newest_at: datetime
    fails: bool
    retry_after_seconds: int | None
    fresh_seconds: int | None
    wishes: Wishes
    failures: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def made(rng: random.Random) -> Feed:
    """Return a source of the mixture."""
    east = rng.randrange(24)
    hours = tuple(WAKING[(hour + east) % 24] for hour in range(24))
    place, schedule = rng.random(), SCHEDULES[-1][1]
    for share, one in SCHEDULES:
        if place < share:
            schedule = one
            break
        place -= share
    gap = min(max(rng.lognormvariate(0, GAP_SPREAD) * USUAL_GAP_SECONDS, 600.0), 3e7)
    ttl = rng.choice(TTL_MINUTES) * 60 if rng.random() < WITH_TTL else None
    return Feed(
        schedule=schedule,
        gap_seconds=gap,
        rhythm=Rhythm(hours, WEEK) if rng.random() < 0.5 else Rhythm(),
        newest_at=BEGAN - timedelta(seconds=rng.expovariate(1 / gap)),
        fails=rng.random() < FAILING,
        retry_after_seconds=120 if rng.random() < THROTTLING else None,
        fresh_seconds=rng.choice(FRESH_SECONDS) if rng.random() < CACHED else None,
        wishes=Wishes(ttl_seconds=ttl),
    )


def polled(one: Feed, at: datetime, since: datetime, rng: random.Random) -> datetime:
    """Poll a source at a time; return when it is polled next. `since`: its poll before."""
    seconds = (at - since).total_seconds() * one.rhythm.factor(at)
    bad = one.fails or one.retry_after_seconds is not None
    if not bad and rng.random() < min(1.0, seconds / one.gap_seconds):
        one.newest_at = at - timedelta(seconds=rng.uniform(0, (at - since).total_seconds()))
    one.failures = one.failures + 1 if bad else 0
    history = PollHistory(
        failures=one.failures,
        failure="http_5xx" if one.fails else "http_4xx" if bad else None,
        retry_after_seconds=one.retry_after_seconds,
        median_gap_seconds=round(one.gap_seconds),
        newest_at=one.newest_at,
        rhythm=one.rhythm,
        fresh_seconds=None if bad else one.fresh_seconds,
        wishes=one.wishes,
    )
    planned = next_poll(one.schedule, history, at, random=rng, next_cron=next_cron, place=0.0)
    one.reasons[planned.reason] += 1
    return planned.at


def day(sources: int = SOURCES) -> dict[str, Any]:
    """Simulate two days from an import of all sources at once; count the second one."""
    rng = random.Random(20)  # noqa: S311 - the same day at each run
    feeds = [made(rng) for _ in range(sources)]
    # An import is polled within its first hour.
    queue = [(BEGAN + timedelta(seconds=rng.uniform(0, 3_600)), n) for n in range(sources)]
    since = [BEGAN - timedelta(hours=1)] * sources
    heapq.heapify(queue)
    counted_from, until = BEGAN + timedelta(days=1), BEGAN + timedelta(days=2)
    minutes: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    began, polls = time.process_time(), 0
    while queue[0][0] < until:
        at, number = queue[0]
        one = feeds[number]
        one.reasons.clear()
        heapq.heapreplace(queue, (polled(one, at, since[number], rng), number))
        since[number] = at
        polls += 1
        if at >= counted_from:
            minutes[int((at - counted_from).total_seconds() // 60)] += 1
            reasons.update(one.reasons)
    seconds = time.process_time() - began
    hours = [sum(minutes[60 * hour + m] for m in range(60)) for hour in range(24)]
    peak, most = max(minutes.items(), key=lambda item: item[1])
    return {
        "sources": sources,
        "polls": sum(hours),
        "hours": hours,
        "reasons": dict(reasons.most_common()),
        "peak_minute": {"at": f"{peak // 60:02}:{peak % 60:02}", "polls": most},
        "median_minute": sorted(minutes[m] for m in range(1_440))[720],
        "microseconds_a_plan": round(seconds / polls * 1e6, 1),
    }
