from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.sources.model import SCHEDULE, Adaptive, Cron, Interval, PlannedPoll
from groundwork_core.sources.schedule import (
    BACKOFF_CAP_SECONDS,
    PAUSE_CAP_SECONDS,
    PollHistory,
    check_schedule,
    next_poll,
    place_of,
)
from groundwork_core.sources.wishes import Wishes
from groundwork_data.cron import next_cron

MONTH_SECONDS = PAUSE_CAP_SECONDS
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
QUARTER = Interval(kind="interval", every_seconds=900)
DAILY = Interval(kind="interval", every_seconds=86_400)
HOURLY_CRON = Cron(kind="cron", expression="0 * * * *", timezone="UTC")
ADAPTIVE = Adaptive(kind="adaptive", min_seconds=300, max_seconds=86_400)


class Chance:
    """Always the same part of the span."""

    def __init__(self, part: float) -> None:
        self._part = part

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._part


def on_the_hour(_expression: str, _timezone: str, after: datetime) -> datetime:
    return after.replace(minute=0) + timedelta(hours=1)


def never(_expression: str, _timezone: str, _after: datetime) -> datetime:
    raise ValueError("This cron expression never matches.")


def failing(failures: int, retry_after: int | None = None) -> PollHistory:
    return PollHistory(failures=failures, failure="timeout", retry_after_seconds=retry_after)


def quiet(gap: int | None, silent_hours: float = 0) -> PollHistory:
    newest = NOW - timedelta(hours=silent_hours)
    return PollHistory(median_gap_seconds=gap, newest_at=newest if gap else None)


def wishing(**wishes: tuple[int, ...]) -> PollHistory:
    return PollHistory(wishes=Wishes(None, **wishes))


@pytest.mark.parametrize(
    ("schedule", "history", "part", "seconds", "reason"),
    [
        (QUARTER, PollHistory(), 0.0, 900, "interval"),
        (QUARTER, PollHistory(), 1.0, 918, "interval"),
        (DAILY, PollHistory(), 1.0, 86_460, "interval"),
        (HOURLY_CRON, PollHistory(), 0.5, 3_600, "cron"),
        # failures: the schedule's own pause, at most an hour, and a random part of 30 s * 2^n
        (QUARTER, failing(1), 0.0, 900, "backoff"),
        (QUARTER, failing(1), 1.0, 900 + 60, "backoff"),
        (QUARTER, failing(2), 0.5, 900 + 60, "backoff"),
        (QUARTER, failing(3), 1.0, 900 + 240, "backoff"),
        (QUARTER, failing(1_000), 1.0, BACKOFF_CAP_SECONDS, "backoff"),
        (DAILY, failing(1), 0.0, 3_600, "backoff"),
        # Retry-After: kept when it is later, not beyond a month, also after a success
        (QUARTER, failing(1, retry_after=7_200), 0.0, 7_200, "retry_after"),
        (QUARTER, failing(1, retry_after=10), 0.0, 900, "backoff"),
        (QUARTER, failing(1, retry_after=10**9), 0.0, MONTH_SECONDS, "retry_after"),
        (QUARTER, PollHistory(retry_after_seconds=1_000), 0.0, 1_000, "retry_after"),
        # the longest wins: freshness of the response, ttl of the feed
        (QUARTER, PollHistory(fresh_seconds=1_800), 0.0, 1_800, "cache"),
        (QUARTER, PollHistory(fresh_seconds=60), 0.0, 900, "interval"),
        (QUARTER, PollHistory(fresh_seconds=10**9), 1.0, MONTH_SECONDS, "cache"),
        (QUARTER, PollHistory(wishes=Wishes(ttl_seconds=3_600)), 0.0, 3_600, "ttl"),
        (QUARTER, wishing(skip_hours=(12, 13)), 0.0, 7_200, "skip"),
        (QUARTER, wishing(skip_days=(6,)), 0.0, 43_200, "skip"),
        (QUARTER, wishing(skip_hours=tuple(range(24))), 0.0, 900, "interval"),
        (QUARTER, PollHistory(failures=1, failure="robots"), 0.5, 86_400, "backoff"),
        # adaptive: half the usual gap or the silence, within bounds; an hour when nothing is known
        (ADAPTIVE, quiet(None), 0.0, 3_600, "adaptive"),
        (ADAPTIVE, quiet(4_000), 0.0, 2_000, "adaptive"),
        (ADAPTIVE, quiet(10), 0.0, 300, "adaptive"),
        (ADAPTIVE, quiet(4_000, silent_hours=10), 0.0, 18_000, "adaptive"),
        (ADAPTIVE, quiet(10**7), 0.0, 86_400, "adaptive"),
        # up to a tenth is taken off, but no pause gets too short; then comes the usual jitter
        (ADAPTIVE, quiet(10**7), 1.0, 77_760 + 60, "adaptive"),
        (ADAPTIVE, quiet(10), 1.0, 306, "adaptive"),
    ],
)
def test_the_next_poll_follows_from_schedule_and_history(
    schedule: Interval | Cron | Adaptive,
    history: PollHistory,
    part: float,
    seconds: float,
    reason: str,
) -> None:
    planned = next_poll(
        schedule, history, NOW, random=Chance(part), next_cron=on_the_hour, place=0.0
    )
    assert ((planned.at - NOW).total_seconds(), planned.reason) == (seconds, reason)


def test_a_plan_shows_its_inputs() -> None:
    planned = next_poll(
        QUARTER, failing(2), NOW, random=Chance(0.5), next_cron=on_the_hour, place=0.0
    )
    assert planned.inputs == {
        "schedule": {"kind": "interval", "every_seconds": 900},
        "now": NOW.isoformat(),
        "failures": 2,
        "error_class": "timeout",
        "backoff_span_seconds": 120,
        "jitter_seconds": 60.0,
        "pause_seconds": 960.0,
        "pauses": {"backoff": 960.0},
    }


def cron_poll(
    expression: str, now: datetime, place: float, zone: str = "UTC", part: float = 0.5
) -> PlannedPoll:
    schedule = Cron(kind="cron", expression=expression, timezone=zone)
    history, chance = PollHistory(), Chance(part)
    return next_poll(schedule, history, now, random=chance, next_cron=next_cron, place=place)


@pytest.mark.parametrize(
    ("expression", "spread_seconds"),
    [
        ("* * * * *", 6),
        ("*/5 * * * *", 30),
        ("*/15 * * * *", 60),
        ("0 3 * * *", 60),
        ("0 0 29 2 *", 60),
        ("0,1 * * * *", 6),  # the next moment is a minute later
        ("0,59 * * * *", 60),  # and here an hour
    ],
)
def test_sources_with_one_cron_expression_are_spread_over_a_part_of_its_period(
    expression: str, spread_seconds: float
) -> None:
    now = NOW - timedelta(seconds=1)
    moment = next_cron(expression, "UTC", now)
    for place in (0.0, 0.25, 0.999):
        planned = cron_poll(expression, now, place)
        wanted = spread_seconds * place
        assert planned.at == moment + timedelta(seconds=wanted)
        assert planned.at < next_cron(expression, "UTC", moment)
        assert planned.inputs["cron_at"] == moment.isoformat()
        assert planned.inputs["offset_seconds"] == pytest.approx(wanted, abs=0.001)
        assert planned.reason == "cron"


def test_the_offset_of_a_source_is_the_same_at_every_poll_and_not_random() -> None:
    place = place_of(UUID(int=7))
    at, offsets = NOW, set()
    for part in (0.0, 0.5, 1.0):
        planned = cron_poll("*/15 * * * *", at, place, part=part)
        offsets.add(planned.inputs["offset_seconds"])
        assert planned.at - at <= timedelta(minutes=16)
        at = planned.at
    assert len(offsets) == 1


def test_places_are_spread_evenly() -> None:
    tenths = [0] * 10
    for _ in range(5_000):
        tenths[int(place_of(uuid4()) * 10)] += 1
    assert min(tenths) > 350


@pytest.mark.parametrize(
    ("now", "moments"),
    [
        # Clocks go forward on 29 March: 02:30 is not there, and comes at 03:00 local time.
        (datetime(2026, 3, 28, 12, tzinfo=UTC), ["29 01:00:30", "30 00:30:30", "31 00:30:30"]),
        # They go back on 25 October: 02:30 is there twice, and comes once.
        (datetime(2026, 10, 24, 12, tzinfo=UTC), ["25 00:30:30", "26 01:30:30", "27 01:30:30"]),
    ],
)
def test_the_offset_moves_no_poll_over_a_change_of_the_clocks(
    now: datetime, moments: list[str]
) -> None:
    found = []
    for _ in moments:
        now = cron_poll("30 2 * * *", now, 0.5, "Europe/Berlin").at
        found.append(now.strftime("%d %H:%M:%S"))
    assert found == moments


def test_an_invalid_cron_schedule_waits_a_day_and_says_so() -> None:
    planned = next_poll(
        HOURLY_CRON, PollHistory(), NOW, random=Chance(0), next_cron=never, place=0.0
    )
    assert planned.at == NOW + timedelta(days=1)
    assert planned.inputs["schedule_error"] == "This cron expression never matches."


def test_a_cron_schedule_that_can_never_be_kept_is_refused_with_a_pointer() -> None:
    with pytest.raises(Invalid) as refused:
        check_schedule(HOURLY_CRON, NOW, next_cron=never)
    assert refused.value.faults[0].pointer == "/schedule/expression"


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "interval", "every_seconds": 0},
        {"kind": "interval", "every_seconds": 31_536_001},
        {"kind": "interval"},
        {"kind": "interval", "every_seconds": 60, "expression": "* * * * *"},
        {"kind": "cron", "expression": ""},
        {"kind": "adaptive", "min_seconds": 60, "max_seconds": 30},
        {"kind": "weekly"},
        {},
    ],
)
def test_a_schedule_that_breaks_a_rule_is_refused(schedule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        SCHEDULE.validate_python(schedule)
