"""The record of a poll."""

from datetime import timedelta
from uuid import uuid4

from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.model import (
    FeedFacts,
)
from groundwork_core.sources.onward import Onward

from ..work import Work
from .polling import LATER, NOW, claim, poll, start, state, url, watched


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
