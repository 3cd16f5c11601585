"""Claims of sources that are due, and claims that end."""

from datetime import timedelta
from uuid import uuid4

import pytest

from groundwork_core.errors import Conflict, NotFound

from ..work import Work
from .polling import LATER, NOW, UNTIL, add, change, claim, start, state, url, watched


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


def test_a_source_can_be_claimed_although_it_is_not_due(work: Work) -> None:
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
