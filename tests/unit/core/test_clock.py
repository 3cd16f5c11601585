"""The clock of the machine, set back by milliseconds and by hours."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core import clock
from groundwork_core.clock import SystemClock

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def times(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> list[float]:
    """Return what the clock shows while the machine's clock shows these seconds after noon."""
    steps = iter([NOON + timedelta(seconds=one) for one in seconds])

    class Machine(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return next(steps)

    monkeypatch.setattr(clock, "datetime", Machine)
    subject = SystemClock()
    return [(subject.now() - NOON).total_seconds() for _ in seconds]


def test_the_time_of_the_machine_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times(monkeypatch, 0, 0.001, 3600, 3601) == [0, 0.001, 3600, 3601]


def test_a_clock_set_back_a_little_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times(monkeypatch, 5, 4.98, 4.99, 5.01, 4.02) == [5, 5, 5, 5.01, 5.01]


def test_a_clock_set_back_by_more_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times(monkeypatch, 3600, 1, 2) == [3600, 1, 2]


def test_without_the_guard_the_time_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "SMALL_STEP", timedelta(0))
    assert times(monkeypatch, 5, 4.98) == [5, 4.98]
