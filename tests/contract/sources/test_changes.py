"""Changes of a source: its plan, a new start, its credentials."""

from uuid import uuid4

from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.model import (
    Adaptive,
    FeedFacts,
)
from groundwork_core.sources.resource import SOURCES

from ..work import Work
from .polling import LATER, NOW, PLANNED, UNTIL, add, change, claim, poll, start, state, watched


def test_a_new_plan_of_a_source_replaces_the_old_one(work: Work) -> None:
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
