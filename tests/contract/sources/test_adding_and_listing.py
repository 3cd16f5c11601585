"""Sources that are added, listed and polled for the first time."""

from uuid import uuid4

from groundwork_core.sources.model import (
    DEFAULT_SCHEDULE,
)
from groundwork_core.sources.opml import Feed
from groundwork_core.sources.rows import SourceRow

from ..work import Work
from .polling import NOW, UNTIL, add, change, state, url


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


def test_new_sources_are_claimed_at_once_if_they_are_enabled(work: Work) -> None:
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
