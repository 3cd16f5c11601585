"""Sources and the state of polling them: in memory and on Postgres."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.documents.identity import Identity
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.model import (
    DEFAULT_SCHEDULE,
    Adaptive,
    FeedFacts,
    PlannedPoll,
    WatchedSource,
)
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.resource import SOURCES
from groundwork_core.sources.rows import Poll, SourceRow, WatchState

from .work import Stores, Work, stores

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=15)
LATER = NOW + timedelta(hours=1)
PLANNED = PlannedPoll(LATER, "interval", {"pause_seconds": 3600})


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Stores]:
    yield from stores(request)


@pytest.fixture
def work(both: Stores) -> Work:
    return both.work


def url(name: str) -> str:
    return f"https://{name}.example/feed"


def add(work: Work, *names: str, tags: tuple[str, ...] = ()) -> list[UUID]:
    rows = [SourceRow(name, url(name), DEFAULT_SCHEDULE, tags) for name in names]
    with work:
        added = work.sources.add(rows)
    return [added[url(name)] for name in names]


def start(work: Work, *names: str, at: datetime = NOW, until: datetime = UNTIL) -> list[UUID]:
    """Add sources and begin to poll them."""
    source_ids = add(work, *names)
    with work:
        work.sources.start(source_ids, at, until)
    return source_ids


def watched(work: Work, source_id: UUID, ticket: UUID) -> WatchedSource:
    with work:
        (found,) = work.sources.to_fetch([(source_id, ticket)], LATER, LATER, frozenset())
    return found


def state(work: Work, source_id: UUID) -> WatchState:
    with work:
        found = work.sources.watch_state(source_id)
    assert found is not None
    return found


def change(work: Work, source_id: UUID, **fields: object) -> None:
    with work:
        stored = work.resources.read(SOURCES, source_id)
        assert stored is not None
        work.resources.update(SOURCES, source_id, stored.version, tuple(fields), json.dumps(fields))


def claim(work: Work, source_id: UUID, now: datetime = LATER) -> UUID:
    """Claim a source whose earlier claim has ended, and return the ticket."""
    with work:
        ticket, host = work.sources.ask(source_id, now)
        (command,) = work.sources.claim_due(now, now + timedelta(minutes=15), 1, hosts=[host])
    assert command.ticket == ticket
    return ticket


def poll(source_id: UUID, ticket: UUID, **fields: Any) -> Poll:
    plain = Poll(source_id, ticket, at=NOW, status="ok", planned=PLANNED)
    return replace(plain, **fields)


# Sources


def test_only_addresses_that_are_new_are_added(work: Work) -> None:
    (first,) = add(work, "a")
    with work:
        rows = [SourceRow(name, url(name), DEFAULT_SCHEDULE) for name in ("a", "b", "b")]
        added = work.sources.add(rows)
    assert set(added) == {url("b")}
    assert added[url("b")] != first


def test_sources_are_listed_in_the_order_of_their_ids(work: Work) -> None:
    source_ids = sorted([*add(work, "a", "b", tags=("x", "y")), *add(work, "c")])
    with work:
        everything = work.sources.listed(None, None, 10)
        first = work.sources.listed(None, None, 1)
        rest = work.sources.listed(None, first[0][0], 10)
        tagged = work.sources.listed("y", None, 10)
    assert [one for one, _ in everything] == source_ids
    assert first + rest == everything
    assert {feed for _, feed in tagged} == {Feed(n, url(n), ("x", "y")) for n in ("a", "b")}


# The first poll


def test_enabled_sources_are_claimed_when_they_start(work: Work) -> None:
    enabled, disabled = add(work, "a", "b")
    change(work, disabled, enabled=False)
    with work:
        (command,) = work.sources.start([enabled, disabled, uuid4()], NOW, UNTIL)
        again = work.sources.start([enabled, disabled], NOW, UNTIL)
    assert (command.source_id, again) == (enabled, [])
    assert state(work, enabled).claimed_until == UNTIL
    waiting = state(work, disabled)
    assert (waiting.claimed_until, waiting.next_poll_at) == (None, NOW)
    assert (waiting.status, waiting.next_poll_reason) == ("disabled", "new")


def test_the_state_of_an_unknown_source_is_none(work: Work) -> None:
    with work:
        assert work.sources.watch_state(uuid4()) is None


# Claims


def test_due_sources_are_claimed_once_and_the_oldest_first(work: Work) -> None:
    minute = timedelta(minutes=1)
    (late,) = start(work, "late", at=NOW + minute, until=UNTIL + minute)
    (early,) = start(work, "early", at=NOW)
    start(work, "future", until=LATER + timedelta(seconds=1))
    with work:
        first = work.sources.claim_due(LATER, LATER + timedelta(minutes=15), 1)
        second = work.sources.claim_due(LATER, LATER + timedelta(minutes=15), 10)
        third = work.sources.claim_due(LATER, LATER + timedelta(minutes=15), 10)
    assert [one.source_id for one in first] == [early]
    assert [one.source_id for one in second] == [late]
    assert third == []


def test_a_disabled_source_is_not_due(work: Work) -> None:
    (source_id,) = start(work, "a")
    change(work, source_id, enabled=False)
    with work:
        assert work.sources.claim_due(LATER, LATER, 10) == []


def test_a_claim_that_ended_is_claimed_again_with_another_ticket(work: Work) -> None:
    (source_id,) = add(work, "a")
    with work:
        (before,) = work.sources.start([source_id], NOW, UNTIL)
        assert work.sources.claim_due(UNTIL - timedelta(seconds=1), LATER, 10) == []
        (after,) = work.sources.claim_due(UNTIL, LATER, 10)
        assert after.ticket != before.ticket
        assert not work.sources.hold(source_id, before.ticket)
        assert work.sources.hold(source_id, after.ticket)


def test_a_claim_that_ends_soon_is_announced_again_with_its_ticket(work: Work) -> None:
    first, second = add(work, "a", "b")
    with work:
        (command,) = work.sources.start([first], NOW, UNTIL)
        work.sources.start([second], NOW, LATER)
        again = work.sources.reannounce(claimed_before=UNTIL, now=NOW, until=LATER, limit=10)
        ended = work.sources.reannounce(claimed_before=LATER, now=LATER, until=LATER, limit=10)
    assert again == [command]
    assert ended == []
    assert state(work, first).claimed_until == LATER


def test_one_source_is_claimed_though_it_is_not_due(work: Work) -> None:
    (source_id,) = start(work, "a")
    ticket = claim(work, source_id)
    assert watched(work, source_id, ticket).url == url("a")
    with pytest.raises(Conflict) as running, work:
        work.sources.ask(source_id, LATER)
    assert running.value.field is None


def test_a_disabled_or_unknown_source_cannot_be_claimed(work: Work) -> None:
    (source_id,) = start(work, "a")
    change(work, source_id, enabled=False)
    with pytest.raises(Conflict) as disabled, work:
        work.sources.ask(source_id, LATER)
    assert disabled.value.field == "enabled"
    with pytest.raises(NotFound), work:
        work.sources.ask(uuid4(), LATER)


# A fetch


def test_only_current_tickets_of_enabled_sources_are_fetched(work: Work) -> None:
    first, second = start(work, "a", "b")
    one, other = claim(work, first), claim(work, second)
    change(work, second, enabled=False)
    with work:
        pairs = [(first, one), (first, one), (first, uuid4()), (second, other), (uuid4(), one)]
        found = work.sources.to_fetch(pairs, LATER, LATER, frozenset())
    assert [(f.source_id, f.ticket, f.url) for f in found] == [(first, one, url("a"))]
    assert found[0].schedule == DEFAULT_SCHEDULE
    assert found[0].identity is Identity.ID
    assert not found[0].over_budget


def test_a_fetch_that_a_worker_has_is_taken_only_for_a_message_that_is_delivered_again(
    work: Work,
) -> None:
    first, second = start(work, "a", "b")
    due = [(first, claim(work, first)), (second, claim(work, second))]
    until = LATER + timedelta(seconds=60)
    with work:
        assert len(work.sources.to_fetch(due, LATER, until, frozenset())) == 2
        assert work.sources.to_fetch(due, LATER, until, frozenset()) == []
        (again,) = work.sources.to_fetch(due, LATER, until, {due[1][1]})
    assert again.source_id == second


def test_a_fetch_knows_since_when_it_is_due_unless_a_user_asked_for_it_early(work: Work) -> None:
    (source_id,) = start(work, "a")
    with work:
        (due,) = work.sources.start_again(source_id, NOW, UNTIL)
    assert watched(work, source_id, due.ticket).due_at == NOW
    with work:
        work.sources.record(poll(source_id, due.ticket))
    early = claim(work, source_id, PLANNED.at - timedelta(minutes=30))
    assert watched(work, source_id, early).due_at is None


def test_what_is_given_back_keeps_its_ticket_and_is_marked(work: Work) -> None:
    first, second = start(work, "a", "b")
    given = [watched(work, one, claim(work, one)) for one in (first, second)]
    stale = replace(given[0], ticket=uuid4())
    until = LATER + timedelta(hours=1)
    with work:
        commands = work.sources.give_back([*given, stale], {second}, LATER, until)
    assert {(c.source_id, c.ticket) for c in commands} == {(g.source_id, g.ticket) for g in given}
    assert [watched(work, g.source_id, g.ticket).over_budget for g in given] == [False, True]
    assert state(work, first).claimed_until == until


def test_a_poll_is_recorded_and_ends_the_claim(work: Work) -> None:
    (source_id,) = start(work, "a")
    ticket = claim(work, source_id)
    facts = FeedFacts(title="A", median_gap_seconds=60, newest_at=NOW, identity="guid+link")
    with work:
        work.sources.record(
            poll(source_id, ticket, feed=facts, etag='"1"', last_modified="then", over_budget=True)
        )
    found = state(work, source_id)
    assert (found.status, found.last_poll_at, found.claimed_until) == ("ok", NOW, None)
    assert (found.next_poll_at, found.next_poll_reason) == (LATER, "interval")
    assert found.next_poll_inputs == {"pause_seconds": 3600}
    assert (found.median_gap_seconds, found.newest_at) == (60, NOW)
    again = watched(work, source_id, claim(work, source_id))
    assert (again.etag, again.last_modified, again.over_budget) == ('"1"', "then", True)
    assert (again.median_gap_seconds, again.newest_at) == (60, NOW)
    assert again.identity.value == "guid+link"


def test_a_poll_goes_onward_at_another_host(work: Work) -> None:
    (source_id,) = start(work, "a")
    ticket = claim(work, source_id)
    onward = Onward("https://b.example/x", 1, 2, "https://b.example/x", permanent=True)
    with work:
        work.sources.go_onward(source_id, uuid4(), onward, "b.example", NOW)
        assert work.sources.hold(source_id, ticket)
        work.sources.go_onward(source_id, ticket, onward, "b.example", NOW)
    found = state(work, source_id)
    assert (found.host, found.claimed_until, found.next_poll_at) == ("b.example", None, NOW)
    again = watched(work, source_id, claim(work, source_id))
    assert (again.onward, again.next_url, again.host) == (onward, onward.url, "b.example")
    with work:
        work.sources.record(poll(source_id, again.ticket, host="a.example"))
    last = watched(work, source_id, claim(work, source_id))
    assert (last.onward, last.next_url, last.host) == (None, url("a"), "a.example")


def test_failures_are_counted_until_a_success(work: Work) -> None:
    (source_id,) = start(work, "a")
    counts = []
    for failure in (Failure.DNS, Failure.TIMEOUT, None):
        ticket = claim(work, source_id)
        with work:
            status = "failing" if failure else "ok"
            work.sources.record(poll(source_id, ticket, status=status, failure=failure))
        found = state(work, source_id)
        counts.append((found.failures, found.error_class, found.status))
    assert counts == [(1, "dns", "failing"), (2, "timeout", "failing"), (0, None, "ok")]


def test_a_poll_without_facts_keeps_the_stored_ones(work: Work) -> None:
    (source_id,) = start(work, "a")
    for facts in (FeedFacts(median_gap_seconds=60), None):
        ticket = claim(work, source_id)
        with work:
            work.sources.record(poll(source_id, ticket, feed=facts))
    assert state(work, source_id).median_gap_seconds == 60


def test_a_poll_with_an_old_ticket_changes_nothing(work: Work) -> None:
    (source_id,) = start(work, "a")
    old = claim(work, source_id)
    claim(work, source_id, LATER + timedelta(hours=1))
    before = state(work, source_id)
    with work:
        work.sources.record(poll(source_id, old, status="failing", failure=Failure.DNS))
    assert state(work, source_id) == before


# Changes of a source


def test_a_plan_is_replaced(work: Work) -> None:
    (source_id,) = start(work, "a")
    change(work, source_id, schedule={"kind": "adaptive", "min_seconds": 60, "max_seconds": 120})
    with work:
        work.sources.lock_state(source_id)
        work.sources.replan(source_id, PLANNED)
    found = state(work, source_id)
    assert found.schedule == Adaptive(kind="adaptive", min_seconds=60, max_seconds=120)
    assert (found.next_poll_at, found.next_poll_inputs) == (LATER, {"pause_seconds": 3600})


def test_a_source_starts_again_without_validators_and_errors(work: Work) -> None:
    (source_id,) = start(work, "a")
    old = claim(work, source_id)
    facts = FeedFacts(median_gap_seconds=60)
    with work:
        work.sources.record(
            poll(source_id, old, feed=facts, etag='"1"', failure=Failure.DNS, status="failing")
        )
    running = claim(work, source_id)
    with work:
        (command,) = work.sources.start_again(source_id, NOW, UNTIL)
        assert not work.sources.hold(source_id, running)
    again, found = watched(work, source_id, command.ticket), state(work, source_id)
    assert (again.etag, again.failures, again.median_gap_seconds) == (None, 0, 60)
    assert (found.status, found.error_class, found.last_poll_at) == ("pending", None, None)
    assert (found.claimed_until, found.next_poll_at) == (UNTIL, NOW)


def test_a_disabled_source_starts_again_without_a_command(work: Work) -> None:
    (source_id,) = start(work, "a")
    change(work, source_id, enabled=False)
    with work:
        assert work.sources.start_again(source_id, LATER, LATER) == []
        assert work.sources.start_again(uuid4(), LATER, LATER) == []
    found = state(work, source_id)
    assert (found.claimed_until, found.next_poll_at) == (None, LATER)


def test_credentials_are_replaced_and_removed(work: Work) -> None:
    kid = "01234567-0123-7123-8123-0123456789ab"
    one, other = add(work, "one", "other")
    with work:
        work.credentials.set(one, f"gw1.{kid}.AAAA")
        work.credentials.set(one, f"gw1.{kid}.BBBB")
        found = work.credentials.details([one, other])
        assert {key: it.encrypted for key, it in found.items()} == {one: f"gw1.{kid}.BBBB"}
        assert [work.credentials.remove(each) for each in (one, other)] == [True, False]
        assert work.credentials.details([one]) == {}


def test_forgotten_credentials_are_no_longer_shown(work: Work) -> None:
    (one,) = add(work, "one")
    with work:
        work.resources.update(SOURCES, one, 1, ("has_credentials",), '{"has_credentials": true}')
        work.credentials.set(one, "gw1.01234567-0123-7123-8123-0123456789ab.AAAA")
        assert [work.credentials.forget(one) for _ in range(2)] == [True, False]
        stored = work.resources.read(SOURCES, one)
    assert stored is not None
    assert (stored.parsed()["has_credentials"], stored.version) == (False, 3)
