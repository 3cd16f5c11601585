"""After a redirect to another host the poll waits for that host and asks its robots.txt."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from groundwork_core.retention.remove_expired import remove_expired
from groundwork_core.sources.credentials import BearerCredentials, origin_of, place_of, sealed_text
from groundwork_core.sources.fetch_plans import FetchPlans
from groundwork_core.sources.model import WatchedSource
from groundwork_core.sources.robots_known import KnownRobots
from groundwork_data.postgres import hosts
from groundwork_data.postgres.retention import PostgresRetention
from groundwork_data.web import fetcher

from .many_hosts import ManyHosts, feed, redirect, text

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

A, B = "a.example", "b.example"
STATE = "SELECT host, status, redirects, redirect_to, onward FROM source_states"


@pytest.fixture
def site(path: "Path") -> Iterator[ManyHosts]:
    with ManyHosts() as server:
        path.web = server.fetcher()  # type: ignore[assignment]
        yield server
        server.shutdown()


def busy_elsewhere(path: "Path", site: ManyHosts) -> UUID:
    """A source of A that redirects to B, which may not be asked for 30 s."""
    site.answers[A, "/feed"] = redirect(site.url(B), 301)
    (made,) = path.add(site.url(A))
    path.rows("UPDATE hosts SET min_delay_ms = 0 RETURNING 1")
    path.rows(
        "INSERT INTO hosts (host, min_delay_ms, next_allowed_at) VALUES (%s, 0, %s) RETURNING 1",
        B,
        path.clock.now() + timedelta(seconds=30),
    )
    return made


def go_on(path: "Path", *, seconds: float = 0) -> None:
    path.clock.forward(seconds=seconds)
    path.fetch(path.due()[-1:])


def first_visit(path: "Path", site: ManyHosts) -> list[str]:
    busy_elsewhere(path, site)
    go_on(path)
    assert site.of(A) == ["/robots.txt", "/feed"]
    return site.of(B)


def test_a_redirect_to_another_host_is_followed_when_that_host_is_free(
    path: "Path", site: ManyHosts
) -> None:
    assert first_visit(path, site) == []
    assert path.due()[-1]["not_before"] == "2026-03-01T12:00:30Z"
    assert path.value("SELECT host FROM source_states WHERE claimed_until IS NOT NULL") == B
    assert path.value("SELECT count(*) FROM polls") == 0
    go_on(path, seconds=30)
    assert site.of(B) == ["/robots.txt", "/feed"]
    assert path.rows(STATE) == [(A, "moved", 1, site.url(B), None)]
    assert path.rows("SELECT redirects, requests, http_status FROM polls") == [(1, 4, 200)]
    assert path.rows("SELECT duration_ms IS NOT NULL FROM hosts ORDER BY host") == [(True,)] * 2


def test_a_redirect_taken_for_the_same_host_is_followed_at_once(
    path: "Path", site: ManyHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(fetcher, "host_of", lambda _: A)
    assert first_visit(path, site) == ["/feed"]


def test_the_robots_txt_of_a_host_that_was_redirected_to_is_obeyed(
    path: "Path", site: ManyHosts
) -> None:
    site.answers[B, "/robots.txt"] = text(b"User-agent: *\nDisallow: /\n")
    first_visit(path, site)
    go_on(path, seconds=30)
    assert site.of(B) == ["/robots.txt"]
    assert path.rows(STATE) == [(A, "blocked", 0, None, None)]


def test_a_failure_of_a_host_that_was_redirected_to_is_counted_for_that_host(
    path: "Path", site: ManyHosts
) -> None:
    site.answers[B, "/feed"] = lambda to: to.say(500)
    first_visit(path, site)
    go_on(path, seconds=30)
    assert path.rows("SELECT host, failures FROM hosts ORDER BY host") == [(A, 0), (B, 1)]


def test_a_redirect_loop_over_several_hosts_ends(path: "Path", site: ManyHosts) -> None:
    site.answers |= {(B, "/feed"): redirect(site.url(A))}
    first_visit(path, site)
    for _ in range(15):
        go_on(path, seconds=30)
    assert path.value("SELECT error_class FROM source_states") == "too_many_redirects"
    assert len(site.of(A)) + len(site.of(B)) == 13  # eleven, and two robots.txt


def secrets_seen(path: "Path", site: ManyHosts) -> list[str | None]:
    """From A to B and back to another address of A, with credentials for A."""
    made = busy_elsewhere(path, site)
    site.answers |= {(B, "/feed"): redirect(site.url(A, "/again")), (A, "/again"): feed}
    stored = sealed_text(BearerCredentials(scheme="bearer", token="s3cret"), site.url(A))
    with path.work() as work:
        work.credentials.set(made, path.encryption.encrypt(stored, place_of(made)))
    go_on(path)
    go_on(path, seconds=30)
    go_on(path, seconds=30)
    assert path.rows("SELECT http_status, redirects FROM polls") == [(200, 2)]
    seen = zip(site.asked, site.headers, strict=True)
    return [headers.get("Authorization") for (_, path), headers in seen if path != "/robots.txt"]


def test_credentials_are_not_sent_after_a_redirect_to_another_host_and_back(
    path: "Path", site: ManyHosts
) -> None:
    assert secrets_seen(path, site) == ["Bearer s3cret", None, None]


def test_without_the_mark_of_going_onward_credentials_are_sent_after_a_redirect_back(
    path: "Path", site: ManyHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    plain = FetchPlans._secret

    def forgetful(self: FetchPlans, source: WatchedSource) -> object:
        return plain(self, replace(source, onward=None))

    monkeypatch.setattr(FetchPlans, "_secret", forgetful)
    assert origin_of(site.url(A)) == origin_of(site.url(A, "/again"))
    assert secrets_seen(path, site) == ["Bearer s3cret", None, "Bearer s3cret"]


def hosts_kept(path: "Path", site: ManyHosts) -> list[str]:
    """A source of A was redirected to B; C has a setting; D's source is disabled. Days later."""
    first_visit(path, site)
    go_on(path, seconds=30)
    path.rows("UPDATE hosts SET min_delay_ms = 1000 RETURNING 1")
    path.rows(
        "INSERT INTO hosts (host, obey_robots, next_allowed_at) VALUES ('c.example', false, %s)"
        " RETURNING 1",
        path.clock.now(),
    )
    path.add(site.url("d.example"))
    path.rows("UPDATE sources SET enabled = false WHERE url LIKE '%%d.example%%' RETURNING 1")
    path.clock.forward(days=3)
    remove_expired(work=path.work(), clock=path.clock)
    assert path.value("SELECT count(*) FROM robots") == 0
    return [name for (name,) in path.rows("SELECT host FROM hosts ORDER BY host")]


def test_hosts_that_were_only_redirected_to_are_forgotten(path: "Path", site: ManyHosts) -> None:
    assert hosts_kept(path, site) == [A, "c.example", "d.example"]


def test_without_retention_hosts_that_were_only_redirected_to_stay(
    path: "Path", site: ManyHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(PostgresRetention, "remove_hosts", lambda *_: 0)
    assert hosts_kept(path, site) == [A, B, "c.example", "d.example"]


def test_a_host_with_many_origins_keeps_the_latest_robots_txt(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "ROBOTS_MOST", 3)
    now = path.clock.now()
    for number in range(5):
        at = now + timedelta(minutes=number)
        known = KnownRobots(f"http://{number}.a.example:80", "found", at, at, "x")
        with path.work() as work:
            work.hosts.keep_robots(A, known)
            work.hosts.keep_robots(B, replace(known, origin=f"http://{number}.b.example:80"))
    kept = path.rows("SELECT origin FROM robots WHERE host = %s ORDER BY origin", A)
    assert [origin for (origin,) in kept] == [
        f"http://{number}.a.example:80" for number in (2, 3, 4)
    ]
