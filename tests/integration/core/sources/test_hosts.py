"""All workers share the pause and the number of fetches at a time of a host."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from groundwork_core.sources.claim_due import AHEAD_SECONDS, claim_due
from groundwork_core.sources.fetch_outcome import (
    Download,
    Fetched,
    FetchRequest,
    Transfer,
)
from groundwork_core.sources.fetch_sources import FETCHING_SECONDS
from groundwork_core.sources.request_fetch import request_fetch
from groundwork_core.sources.sweep import sweep_fetches
from groundwork_data.postgres import claim_sql, source_sql

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

    from groundwork_core.sources.model import FetchCommand

IN_FLIGHT = "SELECT count(*) FROM source_states WHERE host = %s AND claimed_until > %s"
GATE = 4711


def many(path: "Path", host: str, count: int) -> list[UUID]:
    """Sources of one host that are due and not claimed."""
    urls = [f"https://{host}/{number}" for number in range(count)]
    made = path.add(*urls)
    for url in urls:
        path.web.serve(url)
    idle(path)
    return made


def idle(path: "Path") -> None:
    path.rows(
        "UPDATE source_states SET ticket = NULL, claimed_until = NULL, fetch_at = NULL RETURNING 1"
    )
    path.rows("UPDATE hosts SET next_allowed_at = to_timestamp(0) RETURNING 1")


def claim(path: "Path", limit: int = 100) -> "list[FetchCommand]":
    return claim_at(path, limit)


def claim_at(path: "Path", limit: int, lease_seconds: int = 900) -> "list[FetchCommand]":
    database = path.connect()
    try:
        with path.work(database) as work:
            now = path.clock.now()
            until = now.fromtimestamp(now.timestamp() + lease_seconds, now.tzinfo)
            commands = work.sources.claim_due(now, until, limit)
            work.publish(*commands)
            return commands
    finally:
        database.close()


def in_flight(path: "Path", host: str) -> int:
    return int(path.value(IN_FLIGHT, host, path.clock.now()))


def test_only_one_due_source_of_a_host_is_claimed_in_a_batch(path: "Path") -> None:
    many(path, "many.example", 200)
    for number in range(20):
        many(path, f"one-{number}.example", 1)
    path.rows("UPDATE source_states SET next_poll_at = next_poll_at - interval '1 day'"
              " WHERE host = 'many.example' RETURNING 1")  # fmt: skip
    claimed = {command.source_id for command in claim(path, 21)}
    assert len(claimed) == 21
    assert in_flight(path, "many.example") == 1
    assert claim(path) == []


def test_claimed_without_regard_to_hosts_the_sources_of_one_host_fill_the_batch(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = """
    UPDATE source_states SET ticket = uuidv7(), claimed_until = %(now)s + %(lease)s
    WHERE source_id IN (SELECT source_id FROM source_states WHERE due_at <= %(now)s
        ORDER BY due_at LIMIT %(limit)s)
    RETURNING source_id, ticket, fetch_at
    """
    monkeypatch.setattr(claim_sql, "CLAIM_DUE", blind)
    with pytest.raises(AssertionError):
        test_only_one_due_source_of_a_host_is_claimed_in_a_batch(path)


def test_the_next_source_is_claimed_when_one_is_done_and_waits_for_its_host(path: "Path") -> None:
    many(path, "a.example", 3)
    (first,) = claim(path)
    path.fetch(path.due()[-1:])
    following = path.due()[-1]
    assert following["source_id"] != str(first.source_id)
    assert following["not_before"] == "2026-03-01T12:00:01Z"
    path.fetch([following])
    assert len(path.web.asked) == 2
    assert path.web.asked[-1].wait_seconds == 1.0


def test_a_fetch_whose_message_arrives_too_early_is_queued_again(path: "Path") -> None:
    many(path, "a.example", 2)
    claim(path)
    slow = Fetched(b"", "", transfer=Transfer(200, duration_ms=2_000))
    path.web.pages |= dict.fromkeys(path.web.pages, slow)
    path.fetch(path.due()[-1:])
    early = path.due()[-1]
    assert early["not_before"] == "2026-03-01T12:00:10Z"
    path.fetch([early])
    assert len(path.web.asked) == 1
    assert path.due()[-1] == early
    path.clock.forward(seconds=10)
    path.fetch([early])
    assert len(path.web.asked) == 2


def two_claims_at_once(path: "Path", monkeypatch: pytest.MonkeyPatch) -> int:
    """Claim twice of a host with two places of which one is taken; the second began earlier."""
    many(path, "a.example", 5)
    path.rows("UPDATE hosts SET max_in_flight = 2, min_delay_ms = 0, delay_ms = 0 RETURNING 1")
    claim(path)
    with psycopg.connect(path.url, autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(%s)", (GATE,))
        waits = f"(SELECT true FROM pg_advisory_xact_lock_shared({GATE}))"
        plain = claim_sql.CLAIM_DUE
        with ThreadPoolExecutor(1) as threads, monkeypatch.context() as patched:
            # Its statement has begun, and reads what was there then, but has locked nothing yet.
            patched.setattr(claim_sql, "CLAIM_DUE", plain.replace("AND true", f"AND {waits}"))
            late = threads.submit(claim, path)
            while not path.value(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ):
                pass
            patched.setattr(claim_sql, "CLAIM_DUE", plain)
            claim(path)
            path.add("https://a.example/another")  # wakes the host
            gate.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
            late.result()
    return in_flight(path, "a.example")


def test_two_claims_at_once_do_not_exceed_the_places_of_a_host(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert two_claims_at_once(path, monkeypatch) == 2


def test_without_the_number_of_claims_two_claims_exceed_the_places_of_a_host(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = claim_sql.CLAIM_DUE.replace("AND h.claims = seen.claims", "")
    monkeypatch.setattr(claim_sql, "CLAIM_DUE", blind)
    assert two_claims_at_once(path, monkeypatch) == 3


def test_no_batch_has_two_fetches_of_a_host(path: "Path") -> None:
    hosts = [f"h{number}.example" for number in range(3)]
    for host in hosts:
        many(path, host, 8)
    path.rows("UPDATE hosts SET min_delay_ms = 0, delay_ms = 0 RETURNING 1")
    claim_due(work=path.work(), clock=path.clock)
    batches: list[list[str]] = []
    plain = path.web

    def web(asks: Sequence[FetchRequest]) -> Iterator[tuple[int, Download]]:
        batches.append([ask.url.split("/")[2] for ask in asks])
        yield from plain(asks)

    path.web = web  # type: ignore[assignment]
    done = 0
    while len(messages := path.due()) > done:
        done = len(messages)
        path.clock.forward(seconds=1)
        path.fetch(messages)
    assert path.value("SELECT count(*) FROM source_states WHERE polls = 1") == 24
    assert all(len(batch) == len(set(batch)) for batch in batches)


def test_a_fetch_that_a_user_requests_comes_first_and_waits_for_its_host(path: "Path") -> None:
    *_, last = many(path, "a.example", 4)
    claim(path)
    asked = request_fetch(last, work=path.work(), clock=path.clock)
    assert str(asked.ticket) not in {str(one["ticket"]) for one in path.due()}
    path.fetch(path.due()[-1:])
    assert path.due()[-1]["ticket"] == str(asked.ticket)


def test_a_fetch_that_a_user_requests_replaces_a_waiting_claim_of_its_host(path: "Path") -> None:
    first, last = many(path, "a.example", 2)
    path.rows("UPDATE source_states SET next_poll_at = %s + interval '40 s' RETURNING 1",
              path.clock.now())  # fmt: skip
    assert claim_due(work=path.work(), clock=path.clock, ahead_seconds=AHEAD_SECONDS) == 1
    waiting = path.due()[-1]
    assert waiting["not_before"] == "2026-03-01T12:00:40Z"
    asked = request_fetch(last, work=path.work(), clock=path.clock)
    assert path.due()[-1] == {
        "contract": "groundwork/fetch/1",
        "source_id": str(last),
        "ticket": str(asked.ticket),
        "not_before": None,
    }
    path.fetch([path.due()[-1], waiting])
    assert len(path.web.asked) == 1
    assert path.value("SELECT polls FROM source_states WHERE source_id = %s", first) == 0


def fetched_twice(path: "Path") -> int:
    """Hand a message to a worker that dies, and again to another one soon after."""
    many(path, "a.example", 1)
    claim(path)
    message = path.due()[-1]
    ticket = [(UUID(str(message["source_id"])), UUID(str(message["ticket"])))]
    now = path.clock.now()
    until = now.fromtimestamp(now.timestamp() + FETCHING_SECONDS, now.tzinfo)
    with path.work() as work:
        assert len(work.sources.to_fetch(ticket, now, until, frozenset())) == 1
    path.fetch([message])
    return len(path.web.asked)


def test_a_fetch_that_a_worker_makes_is_skipped_by_another_worker(path: "Path") -> None:
    assert fetched_twice(path) == 0


def test_without_the_mark_of_a_running_fetch_two_workers_fetch_one_source(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = "t.fetching_until IS NULL"
    assert guard in source_sql.TO_FETCH
    monkeypatch.setattr(source_sql, "TO_FETCH", source_sql.TO_FETCH.replace(guard, "true"))
    assert fetched_twice(path) == 1


def test_the_fetch_of_a_dead_worker_is_announced_and_fetched_again(path: "Path") -> None:
    fetched_twice(path)
    assert in_flight(path, "a.example") == 1
    path.clock.forward(seconds=121)
    assert sweep_fetches(120, work=path.work(), clock=path.clock) == 1
    path.fetch(path.due()[-1:])
    assert len(path.web.asked) == 1
    assert in_flight(path, "a.example") == 0


def test_deleting_a_source_leaves_its_host_free(path: "Path") -> None:
    first, _ = many(path, "a.example", 2)
    claim(path)
    path.rows("DELETE FROM sources WHERE id = %s RETURNING 1", first)
    path.clock.forward(seconds=901)
    assert len(claim(path)) == 1


def test_a_source_of_the_previous_release_gets_its_host_before_it_is_claimed(path: "Path") -> None:
    many(path, "www.a.example", 1)
    path.rows("UPDATE source_states SET host = '' RETURNING 1")
    assert claim_due(work=path.work(), clock=path.clock) == 1
    assert path.value("SELECT host FROM source_states") == "a.example"
