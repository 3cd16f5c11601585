"""The pause between requests to a host, and the circuit of a failing one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from groundwork_core.hosts.pace import (
    FAILURES_TO_OPEN,
    OPEN_CAP_SECONDS,
    OPEN_SECONDS,
    Pace,
    Reply,
    Visit,
    after_visit,
    delay_ms,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOURCES = [UUID(int=number) for number in range(1, 10)]


def visit(reply: Reply, number: int = 0, **more: object) -> Visit:
    return Visit(SOURCES[number], reply, **{"duration_ms": 100, **more})  # type: ignore[arg-type]


def after(pace: Pace, *replies: Reply, now: datetime = NOW) -> Pace:
    for number, reply in enumerate(replies):
        pace = after_visit(pace, visit(reply, number % len(SOURCES)), now)
    return pace


@pytest.mark.parametrize(
    ("duration_ms", "min_delay_ms", "crawl_delay_seconds", "wanted"),
    [
        (None, 1_000, None, 1_000),
        (100, 1_000, None, 1_000),
        (200, 1_000, None, 1_000),
        (500, 1_000, None, 2_500),
        (20_000, 1_000, None, 60_000),
        (100, 0, None, 500),
        (0, 0, None, 0),
        (20_000, 120_000, None, 120_000),
        (100, 1_000, 10.0, 10_000),
        (100, 1_000, 0.5, 1_000),
        (100, 1_000, 1e9, 600_000),
    ],
)
def test_the_pause_of_a_host_is_five_response_times_within_bounds(
    duration_ms: int | None, min_delay_ms: int, crawl_delay_seconds: float | None, wanted: int
) -> None:
    found = delay_ms(
        duration_ms=duration_ms,
        min_delay_ms=min_delay_ms,
        crawl_delay_seconds=crawl_delay_seconds,
    )
    assert found == wanted


def test_a_host_gets_no_request_during_the_pause_after_its_response() -> None:
    pace = after_visit(Pace("a.test"), visit(Reply.ANSWERED, duration_ms=700), NOW)
    assert (pace.delay_ms, pace.next_allowed_at) == (3_500, NOW + timedelta(seconds=3.5))


def test_a_poll_that_asked_nothing_changes_nothing() -> None:
    pace = Pace("a.test", failures=2)
    assert after(pace, Reply.NOT_ASKED) == pace


def test_failures_in_a_row_open_the_circuit() -> None:
    pace = after(Pace("a.test"), *[Reply.HOST_FAILED] * (FAILURES_TO_OPEN - 1))
    assert pace.circuit(NOW) == "closed"
    pace = after(pace, Reply.HOST_FAILED)
    assert (pace.circuit(NOW), pace.circuit_opened_at) == ("open", NOW)
    assert pace.next_allowed_at == NOW + timedelta(seconds=OPEN_SECONDS)


def test_a_success_in_between_keeps_the_circuit_closed() -> None:
    replies = [Reply.HOST_FAILED] * (FAILURES_TO_OPEN - 1) + [Reply.ANSWERED]
    assert after(Pace("a.test"), *replies * 3).circuit(NOW) == "closed"


def test_a_failed_probe_keeps_the_circuit_open_for_longer_up_to_an_hour() -> None:
    pace = after(Pace("a.test"), *[Reply.HOST_FAILED] * FAILURES_TO_OPEN)
    spans, now = [], NOW
    for _ in range(12):
        assert pace.circuit_until is not None
        now = pace.circuit_until
        assert pace.circuit(now) == "half_open"
        pace = after(pace, Reply.HOST_FAILED, now=now)
        spans.append((pace.circuit_until - now).total_seconds())  # type: ignore[operator]
    assert spans[:3] == [120, 240, 480]
    assert spans[-1] == OPEN_CAP_SECONDS
    assert pace.circuit_opened_at == NOW


def test_a_successful_probe_closes_the_circuit() -> None:
    pace = after(Pace("a.test"), *[Reply.HOST_FAILED] * FAILURES_TO_OPEN)
    later = NOW + timedelta(seconds=OPEN_SECONDS)
    pace = after(pace, Reply.ANSWERED, now=later)
    assert (pace.circuit(later), pace.failures, pace.circuit_opened_at) == ("closed", 0, None)
    assert pace.next_allowed_at == later + timedelta(seconds=1)


def throttled(pace: Pace, *numbers: int) -> Pace:
    for number in numbers:
        refused = visit(Reply.THROTTLED, number, retry_after_seconds=1_800)
        pace = after_visit(pace, refused, NOW)
    return pace


def test_one_source_that_is_throttled_does_not_hold_up_its_host() -> None:
    pace = throttled(Pace("a.test"), 0, 0, 0, 0)
    assert pace.next_allowed_at == NOW + timedelta(seconds=1)


def test_several_sources_that_are_throttled_hold_up_their_host() -> None:
    pace = throttled(Pace("a.test"), 0, 1)
    assert pace.next_allowed_at == NOW + timedelta(seconds=1)
    assert throttled(pace, 2).next_allowed_at == NOW + timedelta(seconds=1_800)


def test_a_success_in_between_clears_the_throttled_sources() -> None:
    pace = after(throttled(Pace("a.test"), 0, 1), Reply.ANSWERED)
    assert throttled(pace, 2).next_allowed_at == NOW + timedelta(seconds=1)


def test_a_crawl_delay_is_ignored_where_robots_are() -> None:
    seen = visit(Reply.ANSWERED, crawl_delay_seconds=30.0)
    assert after_visit(Pace("a.test"), seen, NOW).delay_ms == 30_000
    ignoring = replace(Pace("a.test"), obey_robots=False)
    assert after_visit(ignoring, seen, NOW).delay_ms == 1_000
