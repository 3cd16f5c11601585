"""The rhythm of a publisher: one who writes on weekday mornings is polled then."""

from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from groundwork_core.sources.rhythm import Rhythm, pause_seconds

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MORNINGS = [
    MONDAY + timedelta(days=day, hours=hour) for day in range(5) for hour in (7, 8, 9, 10) * 2
]
GAP_SECONDS = 7 * 86_400 / len(MORNINGS)


def pause(rhythm: Rhythm, *, days: int = 0, hours: int = 0) -> float:
    return pause_seconds(GAP_SECONDS, rhythm, MONDAY + timedelta(days=days, hours=hours))


def test_the_pause_of_a_source_without_a_rhythm_is_half_of_its_usual_gap() -> None:
    assert abs(pause(Rhythm()) - GAP_SECONDS / 2) < 1


def test_the_pause_is_short_in_busy_hours_and_long_in_quiet_ones() -> None:
    rhythm = Rhythm.of(MORNINGS)
    morning, night, sunday = pause(rhythm, hours=7), pause(rhythm, hours=20), pause(rhythm, days=6)
    assert morning < GAP_SECONDS / 4
    assert night > GAP_SECONDS / 2
    assert night <= GAP_SECONDS
    assert sunday > GAP_SECONDS / 2


def test_a_feed_with_few_entries_has_no_rhythm() -> None:
    assert Rhythm.of(MORNINGS[:10]) == Rhythm()


def test_an_adaptive_pause_is_at_most_a_month() -> None:
    assert pause_seconds(10**9, Rhythm.of(MORNINGS), MONDAY) <= 31 * 86_400


def test_a_rhythm_can_be_stored_and_read() -> None:
    rhythm = Rhythm.of(MORNINGS)
    assert Rhythm.read(rhythm.as_json()) == rhythm
    others: list[JsonValue] = [
        None,
        [],
        {"hours": [1]},
        {"hours": ["x"] * 24, "days": [0] * 7},
        "x",
    ]
    for stored in others:
        assert Rhythm.read(stored).factor(MONDAY) == 1.0
