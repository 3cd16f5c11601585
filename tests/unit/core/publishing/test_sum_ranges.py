"""A span of time in whole days, whole hours and parts of hours."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.publishing.engagements import EngagementQuery
from groundwork_core.publishing.sum_ranges import ALWAYS, Range, ranges_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=UTC)


def ranges(*texts: str) -> list[Range]:
    return [(at(one), at(two)) for one, two in (text.split("/") for text in texts)]


def test_a_query_of_all_time_reads_whole_days() -> None:
    assert ranges_of(EngagementQuery()) == {"day": [ALWAYS], "hour": [], "part": []}
    assert ranges_of(EngagementQuery(bucket="hour")) == {"day": [], "hour": [ALWAYS], "part": []}


@pytest.mark.parametrize(
    ("start", "end", "day", "hour", "part"),
    [
        ("01", "03", ["01/03"], [], []),
        ("01T10:00", "01T12:00", [], ["01T10:00/01T12:00"], []),
        ("01T10:30", "01T10:40", [], [], ["01T10:30/01T10:40"]),
        ("01T10:30", "01T11:40", [], [], ["01T10:30/01T11:40"]),
        (
            "01T10:30",
            "03T01:10",
            ["02/03"],
            ["01T11:00/02", "03/03T01:00"],
            ["01T10:30/01T11:00", "03T01:00/03T01:10"],
        ),
        ("02", "01", [], [], []),
        ("02", "02", [], [], []),
    ],
)
def test_a_span_is_split(
    start: str, end: str, day: list[str], hour: list[str], part: list[str]
) -> None:
    found = ranges_of(EngagementQuery(at(start), at(end)))
    assert found == {"day": ranges(*day), "hour": ranges(*hour), "part": ranges(*part)}


@pytest.mark.parametrize("bucket", [None, "hour"])
def test_every_moment_of_a_span_is_in_one_range(bucket: None) -> None:
    seeded = random.Random(7)  # noqa: S311 - the same each time is the point
    first = at("01")
    for _ in range(300):
        times = sorted(first + timedelta(seconds=seeded.randrange(400_000)) for _ in range(2))
        found = ranges_of(EngagementQuery(times[0], times[1], bucket))
        for _ in range(20):
            moment = first + timedelta(seconds=seeded.randrange(400_000))
            within = [one for each in found.values() for one in each if one[0] <= moment < one[1]]
            assert len(within) == (times[0] <= moment < times[1])
