"""A host that fails or throttles gets no requests for a while; one throttled source is too few."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from groundwork_core.hosts import pace
from groundwork_core.hosts.pace import FAILURES_TO_OPEN
from groundwork_core.sources.fetch_outcome import Failed, Failure, Transfer

from .test_hosts import claim, in_flight, many

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path


def failing_host(path: "Path") -> None:
    many(path, "a.example", FAILURES_TO_OPEN + 3)
    claim(path)
    for number in range(FAILURES_TO_OPEN + 3):
        path.web.pages[f"https://a.example/{number}"] = Failed(Failure.REFUSED, "refused")
    for _ in range(FAILURES_TO_OPEN):
        path.clock.forward(seconds=2)
        path.fetch(path.due()[-1:])


def test_a_failing_host_gets_no_requests_and_then_one_probe(path: "Path") -> None:
    failing_host(path)
    assert len(path.web.asked) == FAILURES_TO_OPEN
    path.rows("UPDATE hosts SET max_in_flight = 5 RETURNING 1")
    assert claim(path) == []
    assert in_flight(path, "a.example") == 1
    probe = path.due()[-1]
    path.fetch([probe])
    assert len(path.web.asked) == FAILURES_TO_OPEN
    path.clock.forward(seconds=61)
    assert claim(path) == []
    path.fetch([probe])
    assert len(path.web.asked) == FAILURES_TO_OPEN + 1
    assert path.rows("SELECT failures FROM hosts") == [(FAILURES_TO_OPEN + 1,)]
    assert in_flight(path, "a.example") == 0
    path.clock.forward(seconds=121)
    assert [len(claim(path)), len(claim(path))] == [1, 0]


def test_without_the_circuit_a_failing_host_is_requested_again(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(pace, "FAILURES_TO_OPEN", 1_000)
    failing_host(path)
    path.clock.forward(seconds=2)
    path.fetch(path.due()[-1:])
    assert len(path.web.asked) == FAILURES_TO_OPEN + 1


PROXY = "proxy.example"
LATER = Failed(Failure.HTTP_4XX, "429", 3_600, transfer=Transfer(429))


def asked_of_a_shared_host(path: "Path", throttled: int) -> list[str]:
    """Sources of five publishers behind one host; the first ones are throttled for an hour."""
    for number, source in enumerate(many(path, PROXY, 5)):
        due_at = path.clock.now() - timedelta(minutes=5 - number)
        path.rows(
            "UPDATE source_states SET next_poll_at = %s WHERE source_id = %s RETURNING 1",
            due_at,
            source,
        )
    for number in range(throttled):
        path.web.pages[f"https://{PROXY}/{number}"] = LATER
    claim(path)
    for _ in range(5):
        path.clock.forward(seconds=2)
        path.fetch(path.due()[-1:])
    return [ask.url for ask in path.web.asked]


def test_one_throttled_source_does_not_delay_others_of_its_host(
    path: "Path",
) -> None:
    """As FreshRSS issue 7880: one response of a proxy held up all feeds behind it."""
    assert len(asked_of_a_shared_host(path, throttled=2)) == 5
    count = "SELECT count(*) FROM source_states WHERE status = 'throttled'"
    assert path.value(count) == 2


def test_three_throttled_sources_in_a_row_pause_their_host(path: "Path") -> None:
    assert len(asked_of_a_shared_host(path, throttled=3)) == 3
    pause = path.value("SELECT next_allowed_at - %s FROM hosts", path.clock.now())
    assert timedelta(minutes=59) < pause <= timedelta(hours=1)


def test_if_one_throttled_response_counted_for_its_host_all_its_sources_would_wait(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(pace, "SOURCES_TO_THROTTLE", 1)
    assert len(asked_of_a_shared_host(path, throttled=2)) == 1


def test_a_probe_that_succeeds_lets_the_others_through(path: "Path") -> None:
    failing_host(path)
    path.clock.forward(seconds=70)
    for url in path.web.pages:
        path.web.serve(url)
    path.fetch(path.due()[-1:])
    assert path.rows("SELECT failures, circuit_until FROM hosts") == [(0, None)]
    assert in_flight(path, "a.example") == 1
