"""Quiet hours at one moment: past midnight, at changes of the clock, and malformed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork_core.publishing.quiet_hours import quiet_hours

BERLIN = "Europe/Berlin"
"""In 2026 its clocks go from 2:00 to 3:00 on 29 March (01:00 UTC), and from 3:00 to 2:00 on
25 October (01:00 UTC)."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stated(begins: str, ends: str, zone: str = BERLIN) -> dict[str, Any]:
    return {"from": begins, "to": ends, "timezone": zone}


@pytest.mark.parametrize(
    ("begins", "ends", "now", "until"),
    [
        # Past midnight, winter time: 22:00 is 21:00 UTC, 07:00 is 06:00 UTC.
        ("22:00", "07:00", "2026-01-10 20:59:59", None),
        ("22:00", "07:00", "2026-01-10 21:00", "2026-01-11 06:00"),
        ("22:00", "07:00", "2026-01-11 05:59:59", "2026-01-11 06:00"),
        ("22:00", "07:00", "2026-01-11 06:00", None),
        # Within one day.
        ("12:00", "14:00", "2026-01-10 11:00", "2026-01-10 13:00"),
        ("12:00", "14:00", "2026-01-10 10:59", None),
        ("00:00", "06:30", "2026-01-10 23:30", "2026-01-11 05:30"),
        ("22:00", "00:00", "2026-01-10 22:30", "2026-01-10 23:00"),
        # The night in which the clocks go forward is an hour shorter.
        ("22:00", "07:00", "2026-03-28 21:00", "2026-03-29 05:00"),
        # The end does not come: it is the change, at 01:00 UTC.
        ("22:00", "02:30", "2026-03-29 00:59", "2026-03-29 01:00"),
        ("22:00", "02:30", "2026-03-29 01:00", None),
        # Nor does the beginning.
        ("02:30", "06:00", "2026-03-29 00:59:59", None),
        ("02:30", "06:00", "2026-03-29 01:00", "2026-03-29 04:00"),
        # Both in the gap: no time at all.
        ("02:10", "02:50", "2026-03-29 00:59:59", None),
        ("02:10", "02:50", "2026-03-29 01:00", None),
        # The night in which they go back is an hour longer.
        ("22:00", "07:00", "2026-10-24 20:00", "2026-10-25 06:00"),
        # The end comes twice (00:30 and 01:30 UTC): quiet until the second.
        ("22:00", "02:30", "2026-10-25 00:29", "2026-10-25 01:30"),
        ("22:00", "02:30", "2026-10-25 00:45", "2026-10-25 01:30"),
        ("22:00", "02:30", "2026-10-25 01:29", "2026-10-25 01:30"),
        ("22:00", "02:30", "2026-10-25 01:30", None),
        # The beginning comes twice: quiet from the first.
        ("02:30", "05:00", "2026-10-25 00:29", None),
        ("02:30", "05:00", "2026-10-25 00:30", "2026-10-25 04:00"),
        ("02:30", "05:00", "2026-10-25 01:15", "2026-10-25 04:00"),
        # Both come twice.
        ("02:10", "02:50", "2026-10-25 00:55", "2026-10-25 01:50"),
    ],
)
def test_quiet_hours_at_given_times(begins: str, ends: str, now: str, until: str | None) -> None:
    found = quiet_hours(stated(begins, ends), at(now))
    assert (found.quiet, found.until, found.fault) == (
        until is not None,
        at(until) if until else None,
        None,
    )


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("Asia/Kathmandu", "2026-01-10 16:30", "2026-01-11 01:15"),  # UTC+5:45
        ("America/St_Johns", "2026-01-11 01:45", "2026-01-11 10:30"),  # UTC-3:30
        ("Pacific/Kiritimati", "2026-01-10 08:00", "2026-01-10 17:00"),  # UTC+14
        ("Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-04 20:30"),  # back by half an hour
    ],
)
def test_quiet_hours_in_zones_far_from_utc(zone: str, now: str, until: str) -> None:
    found = quiet_hours(stated("22:00", "07:00", zone), at(now))
    assert found.until == at(until)


@pytest.mark.parametrize(
    ("preference", "fault"),
    [
        (None, "object"),
        ("22:00-07:00", "object"),
        ([], "object"),
        ({}, "from"),
        (stated("22", "07:00"), "from"),
        (stated("24:00", "07:00"), "from"),
        (stated("22:00", "7:00"), "to"),
        (stated("22:00", "22:00"), "differ"),
        (stated("22:00", "07:00", "Mars/Olympus"), "timezone"),
        (stated("22:00", "07:00", "../../etc/passwd"), "timezone"),
        (stated("22:00", "07:00", "/etc/localtime"), "timezone"),
        (stated("22:00", "07:00", "x" * 10_000), "timezone"),
        (stated("22:00", "07:00", "\x00"), "timezone"),
        (stated("22:00", "07:00", ""), "timezone"),
        ({"from": "22:00", "to": "07:00", "timezone": 1}, "timezone"),
        ({"from": "22:00", "to": "07:00"}, "timezone"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_says_why(preference: Any, fault: str) -> None:
    found = quiet_hours(preference, at("2026-01-10 23:00"))
    assert (found.quiet, found.until) == (False, None)
    assert fault in (found.fault or "")
