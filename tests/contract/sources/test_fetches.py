"""Which claimed sources a worker fetches, and what it gives back."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from groundwork_core.documents.identity import Identity
from groundwork_core.sources.model import (
    DEFAULT_SCHEDULE,
)

from ..work import Work
from .polling import LATER, NOW, PLANNED, UNTIL, change, claim, poll, start, state, url, watched


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


def test_a_fetch_of_a_worker_is_taken_over_only_by_a_redelivered_message(
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


def test_a_fetch_states_since_when_it_is_due_unless_a_user_requested_it(work: Work) -> None:
    (source_id,) = start(work, "a")
    with work:
        (due,) = work.sources.start_again(source_id, NOW, UNTIL)
    assert watched(work, source_id, due.ticket).due_at == NOW
    with work:
        work.sources.record(poll(source_id, due.ticket))
    early = claim(work, source_id, PLANNED.at - timedelta(minutes=30))
    assert watched(work, source_id, early).due_at is None


def test_a_fetch_that_is_given_back_keeps_its_ticket(work: Work) -> None:
    first, second = start(work, "a", "b")
    given = [watched(work, one, claim(work, one)) for one in (first, second)]
    stale = replace(given[0], ticket=uuid4())
    until = LATER + timedelta(hours=1)
    with work:
        commands = work.sources.give_back([*given, stale], {second}, LATER, until)
    assert {(c.source_id, c.ticket) for c in commands} == {(g.source_id, g.ticket) for g in given}
    assert [watched(work, g.source_id, g.ticket).over_budget for g in given] == [False, True]
    assert state(work, first).claimed_until == until
