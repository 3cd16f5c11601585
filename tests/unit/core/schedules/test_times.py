"""The moments of schedules: phases, missed moments, time zones and their changes."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.schedules.times import SHOWN, next_runs
from groundwork_core.sources.model import Cron, Interval
from groundwork_data.cron import next_cron

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def minutes(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("after", "missed", "first"),
    [
        (minutes(0), 0, minutes(10)),
        (minutes(-3), 0, minutes(7)),
        (minutes(-10), 1, minutes(10)),
        (minutes(-35), 3, minutes(5)),
    ],
)
def test_an_interval_keeps_its_phase(after: datetime, missed: int, first: datetime) -> None:
    found = next_runs(Interval(kind="interval", every_seconds=600), after, NOW, next_cron=next_cron)
    assert (found.missed, found.moments[0]) == (missed, first)
    assert found.moments == tuple(first + timedelta(minutes=10 * n) for n in range(SHOWN))


def cron(
    expression: str, after: datetime, now: datetime, zone: str = "UTC"
) -> tuple[int, list[str]]:
    times = Cron(kind="cron", expression=expression, timezone=zone)
    found = next_runs(times, after, now, next_cron=next_cron)
    return found.missed, [one.strftime("%d %H:%M") for one in found.moments]


def test_missed_moments_of_cron_are_counted() -> None:
    missed, moments = cron("0 * * * *", minutes(-180), NOW)
    assert missed == 3
    assert moments == ["30 13:00", "30 14:00", "30 15:00", "30 16:00", "30 17:00"]


@pytest.mark.parametrize(
    ("now", "moments"),
    [
        # Clocks go forward on 29 March: 02:30 is not there and runs at 03:00 local time.
        (datetime(2026, 3, 28, 12, tzinfo=UTC), ["29 01:00", "30 00:30"]),
        # They go back on 25 October: 02:30 is there twice and runs once.
        (datetime(2026, 10, 24, 12, tzinfo=UTC), ["25 00:30", "26 01:30"]),
    ],
)
def test_daylight_saving_runs_each_day_once(now: datetime, moments: list[str]) -> None:
    _, found = cron("30 2 * * *", now, now, "Europe/Berlin")
    assert found[:2] == moments


@pytest.mark.parametrize(
    ("expression", "zone", "pointer"),
    [
        ("0 0 30 2 *", "UTC", "/schedule/expression"),
        ("60 * * * *", "UTC", "/schedule/expression"),
        ("0 0 * * *", "Mars/X", "/schedule/timezone"),
    ],
)
def test_a_cron_expression_that_never_matches_is_invalid(
    expression: str, zone: str, pointer: str
) -> None:
    with pytest.raises(Invalid) as found:
        cron(expression, NOW, NOW, zone)
    assert [fault.pointer for fault in found.value.faults] == [pointer]
