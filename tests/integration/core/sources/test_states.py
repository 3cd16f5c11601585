"""The states of a source: status, address, polls, and the events about them."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import NotFound
from groundwork_core.sources.credentials import origin_of
from groundwork_core.sources.explain_schedule import explain_schedule
from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    Fetched,
    Transfer,
    Unchanged,
)
from groundwork_core.sources.polls import keep_polls, list_polls
from groundwork_core.sources.robots_known import KnownRobots, RobotsRule

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED, NEW = "https://feed.example/rss", "https://new.example/rss"
STATE = "SELECT status, enabled, moved_to, failures FROM source_states"
EVENTS = """
SELECT became FROM outbox WHERE aggregate = 'sources' AND kind = 'status' ORDER BY id
"""


@pytest.fixture
def source(path: "Path") -> UUID:
    path.web.serve(FEED, path.entry(1))
    path.web.serve(NEW, path.entry(1))
    return path.add(FEED)[0]


def poll(path: "Path", answer: Download | None = None, *, hours: float = 0) -> None:
    """Let the source be polled; it is made due when nothing is claimed."""
    if answer is not None:
        path.web.pages[FEED] = answer
    path.clock.forward(hours=hours)
    path.rows("UPDATE source_states SET next_poll_at = %s RETURNING 1", path.clock.now())
    with path.work() as work:
        now = path.clock.now()
        work.publish(*work.sources.claim_due(now, now + timedelta(minutes=15), 10))
    path.fetch(path.due()[-1:])


def failed(failure: Failure, http_status: int | None, retry_after: int | None = None) -> Failed:
    return Failed(failure, "failed", retry_after, transfer=Transfer(http_status, 12, 0))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (failed(Failure.HTTP_4XX, 429, 60), "throttled"),
        (failed(Failure.HTTP_5XX, 503), "throttled"),
        (failed(Failure.HTTP_4XX, 403), "blocked"),
        (failed(Failure.CHALLENGE, 503), "blocked"),
        (failed(Failure.HTTP_4XX, 404), "failing"),
        (failed(Failure.HTTP_5XX, 500), "failing"),
        (failed(Failure.DNS, None), "failing"),
        (Unchanged(), "unchanged"),
    ],
)
def test_a_poll_gives_a_source_its_status(
    path: "Path", source: UUID, answer: Download, status: str
) -> None:
    poll(path, answer)
    assert path.rows(STATE)[0][:2] == (status, True)
    assert path.value("SELECT http_status FROM source_states") == answer.transfer.http_status


def test_a_source_that_is_gone_is_disabled_at_once_and_says_so(path: "Path", source: UUID) -> None:
    poll(path, failed(Failure.HTTP_4XX, 410))
    assert path.rows(STATE) == [("gone", False, None, 1)]
    assert path.rows("SELECT enabled FROM sources") == [(False,)]
    assert path.rows(EVENTS) == [("gone",)]
    path.rows("UPDATE sources SET enabled = true RETURNING 1")
    assert path.rows(STATE)[0][:2] == ("pending", True)


def test_changes_of_status_are_announced_and_repetitions_are_not(
    path: "Path", source: UUID
) -> None:
    poll(path)
    poll(path, failed(Failure.HTTP_5XX, 500), hours=1)
    poll(path, hours=1)
    poll(path, failed(Failure.HTTP_4XX, 429), hours=1)
    path.web.serve(FEED, path.entry(1))
    poll(path, hours=1)
    poll(path, hours=1)
    assert path.rows(EVENTS) == [("failing",), ("throttled",), ("ok",)]


def test_failures_back_off_to_three_days_and_never_stop(path: "Path", source: UUID) -> None:
    path.rows("UPDATE source_states SET failures = 500 RETURNING 1")
    poll(path, failed(Failure.DNS, None))
    pause = path.value("SELECT next_poll_at - last_poll_at FROM source_states")
    assert timedelta(0) < pause <= timedelta(days=3)
    assert path.value("SELECT enabled FROM sources")


def moved(path: "Path", http_status: int = 200) -> Fetched:
    page = path.web.pages[NEW]
    assert isinstance(page, Fetched)
    return replace(page, redirects=1, transfer=Transfer(http_status, moved_to=NEW))


def test_after_a_week_the_target_of_a_permanent_redirect_is_requested_directly(
    path: "Path", source: UUID
) -> None:
    poll(path, moved(path))
    assert path.rows(STATE) == [("moved", True, None, 0)]
    poll(path, hours=24 * 6)
    assert path.value("SELECT moved_to FROM source_states") is None
    poll(path, hours=25)
    assert path.rows(STATE) == [("moved", True, NEW, 0)]
    poll(path, hours=1)
    assert path.web.asked[-1].url == NEW
    assert path.rows(STATE) == [("ok", True, NEW, 0)]
    assert path.value("SELECT url FROM sources") == FEED
    assert path.value("SELECT host FROM source_states") == "new.example"


def test_the_target_of_a_redirect_is_requested_directly_once_the_old_address_is_gone(
    path: "Path", source: UUID
) -> None:
    poll(path, moved(path))
    poll(path, failed(Failure.HTTP_4XX, 410), hours=1)
    assert path.rows(STATE)[0][:3] == ("moved", True, NEW)
    poll(path)
    assert path.web.asked[-1].url == NEW


def test_each_poll_is_listed_newest_first(path: "Path", source: UUID) -> None:
    poll(path)
    poll(path, failed(Failure.HTTP_5XX, 500), hours=1)
    with path.work() as work:
        newest, first = list_polls(source, 50, sources=work.sources).items
        assert (newest.status, newest.http_status, newest.error) == ("failing", 500, "http_5xx")
        assert (newest.duration_ms, newest.new) == (12, 0)
        assert (first.status, first.http_status, first.new, first.error) == ("ok", 200, 1, None)
        assert len(list_polls(source, 1, sources=work.sources).items) == 1
        with pytest.raises(NotFound):
            list_polls(uuid4(), 1, sources=work.sources)


def test_polls_have_partitions_by_day_and_old_ones_are_dropped(path: "Path", source: UUID) -> None:
    assert keep_polls(work=path.work(), clock=path.clock) == 3
    assert keep_polls(work=path.work(), clock=path.clock) == 0
    poll(path)
    assert path.value("SELECT tableoid::regclass::text FROM polls") == "polls_20260301"
    path.clock.forward(days=30)
    keep_polls(work=path.work(), clock=path.clock)
    assert path.value("SELECT count(*) FROM polls") == 1
    path.clock.forward(days=1)
    keep_polls(work=path.work(), clock=path.clock)
    assert path.value("SELECT count(*) FROM polls") == 0


def test_the_schedule_says_which_rule_won_and_with_what(path: "Path", source: UUID) -> None:
    page = path.web.pages[FEED]
    assert isinstance(page, Fetched)
    poll(path, replace(page, transfer=Transfer(200, fresh_seconds=7_200)))
    with path.work() as work:
        explained = explain_schedule(source, sources=work.sources, clock=path.clock)
    assert explained.reason == "cache"
    assert explained.inputs["pauses"] == {"interval": 3_600.0, "cache": 7_200.0}
    assert explained.inputs["fresh_seconds"] == 7_200


def refused(path: "Path") -> Failed:
    now = path.clock.now()
    known = KnownRobots(origin_of(FEED), "found", now, now + timedelta(days=1), "Disallow: /", 3.0)
    return Failed(Failure.ROBOTS, "refused", transfer=Transfer(None, 5, 0, 1, robots=known))


def test_a_source_that_robots_txt_refuses_is_blocked_and_looked_at_again_after_a_day(
    path: "Path", source: UUID
) -> None:
    poll(path, refused(path))
    assert path.web.asked[-1].robots == RobotsRule(None, path.clock.now(), 1.0)
    assert path.rows(STATE)[0][:2] == ("blocked", True)
    pause = "SELECT error_class, next_poll_at - last_poll_at FROM source_states"
    assert path.rows(pause) == [("robots", timedelta(days=1))]
    with path.work() as work:
        host = work.hosts.one("feed.example", path.clock.now())
    assert host is not None
    assert (host.robots.status, host.robots.crawl_delay_seconds) == ("found", 3.0)
    assert host.delay_ms == 3_000


def test_stored_robots_txt_is_used_by_the_next_fetch_unless_the_host_ignores_it(
    path: "Path", source: UUID
) -> None:
    poll(path, refused(path))
    poll(path, hours=1)
    rule = path.web.asked[-1].robots
    assert rule is not None
    assert rule.known is not None
    assert rule.known.body == "Disallow: /"
    path.rows("UPDATE hosts SET obey_robots = false RETURNING 1")
    poll(path, hours=1)
    assert path.web.asked[-1].robots is None
