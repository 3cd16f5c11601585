"""A worker is killed, or Postgres is lost, in the middle of a poll; and one host is slow."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path as File
from queue import Empty, Queue
from typing import Any
from uuid import UUID

import pytest

from groundwork_core.clock import SystemClock
from groundwork_core.errors import GroundworkError, Unavailable
from groundwork_core.sources.claim_due import claim_due
from groundwork_core.sources.fetch_plans import FetchPlans
from groundwork_core.sources.fetch_sources import FetchSources
from groundwork_core.sources.model import FetchDue
from groundwork_core.sources.sweep import sweep_fetches
from groundwork_data.cron import next_cron
from groundwork_data.postgres import claim_sql, source_sql
from groundwork_data.postgres.database import Database
from groundwork_data.web.feeds import read_feed
from groundwork_data.web.hosts import host_of
from groundwork_data.web.kinds.readers import reader_of

from ..fakes.tcp_proxy import TcpProxy
from ..integration.core.sources.conftest import NoJitter, Path, entry, path
from ..integration.core.sources.many_hosts import Handler, ManyHosts
from ..waiting import eventually

__all__ = ["path"]
SCRIPT = File(__file__).with_name("fetch_worker.py")
HOST, SLOW = "127.0.0.1", "slow.example"
BODY = f"<rss version='2.0'><channel><title>T</title>{entry(1)}</channel></rss>".encode()
AGED = """
UPDATE source_states SET claimed_until = claimed_until - interval '130 s',
    fetching_until = fetching_until - interval '130 s' RETURNING 1
"""


class Held(ManyHosts):
    """Answers the feed when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def answer(self, to: Handler) -> None:
        self.let_go.wait(60)
        to.say(200, BODY)


@pytest.fixture
def site() -> Iterator[Held]:
    with Held() as server:
        yield server
        server.let_go.set()
        server.shutdown()


def add(path: Path, site: Held, host: str = HOST, count: int = 1) -> list[UUID]:
    """Sources by the real clock, claimed where their host is free."""
    path.clock = SystemClock()  # type: ignore[assignment]
    for number in range(count):
        site.answers[host, f"/{number}"] = site.answer
    made = path.add(*(site.url(host, f"/{number}") for number in range(count)))
    path.rows("UPDATE hosts SET min_delay_ms = 0, delay_ms = 0 RETURNING 1")
    return made


def message(path: Path) -> FetchDue:
    return FetchDue.model_validate_json(json.dumps(path.due()[-1]))


def worker(path: Path, due: FetchDue) -> "subprocess.Popen[str]":
    environment = {**os.environ, "DATABASE_URL": path.url, "GROUNDWORK_FETCH_ALLOW": "127.0.0.0/8"}
    command = [sys.executable, str(SCRIPT), str(due.source_id), str(due.ticket)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def said(process: "subprocess.Popen[str]") -> str:
    """The last line that it says until it ends."""
    output, _ = process.communicate(timeout=120)
    return output.strip().rpartition("\n")[2]


def killed(path: Path, site: Held) -> FetchDue:
    """Kill a worker while the source responds; its message comes to another one at once."""
    add(path, site)
    due = message(path)
    process = worker(path, due)
    assert eventually(lambda: site.of(HOST)[-1:] == ["/0"], within_seconds=120)
    process.kill()
    assert said(process) == ""
    second = worker(path, due)
    # Where it leaves the fetch alone it ends at once; else it waits for the response.
    eventually(lambda: second.poll() is not None or site.most[HOST] > 1, within_seconds=120)
    site.let_go.set()
    said(second)
    return due


def sweep(path: Path) -> int:
    return sweep_fetches(120, work=path.work(), clock=path.clock)


def test_the_poll_of_a_killed_worker_is_made_again_and_never_twice_at_a_time(
    path: Path, site: Held
) -> None:
    due = killed(path, site)
    assert site.of(HOST).count("/0") == 1
    assert path.value("SELECT count(*) FROM documents") == 0
    assert path.value("SELECT count(*) FROM source_states WHERE fetching_until > now()") == 1
    assert sweep(path) == 0
    path.rows(AGED)
    # Without the sweep it would wait for the end of its claim.
    assert claim_due(work=path.work(), clock=path.clock) == 0
    assert sweep(path) == 1
    assert message(path).ticket == due.ticket
    assert said(worker(path, message(path))) == "recorded"
    assert site.most[HOST] == 1
    assert path.rows("SELECT polls, claimed_until, documents FROM source_states") == [(1, None, 1)]
    assert path.value("SELECT count(*) FROM documents") == 1


def test_without_the_mark_of_a_running_fetch_a_host_gets_two_requests_at_once(
    path: Path, site: Held
) -> None:
    """With the guard disabled: a second message is fetched while the first one may still run."""
    add(path, site)
    unmarked = source_sql.TO_FETCH.replace("t.fetching_until IS NULL", "true")
    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(source_sql, "TO_FETCH", unmarked)
        both = [threads.submit(fetch, path, path.url, site, message(path))]
        # As after a redelivery: the second one begins while the first one waits for its response.
        assert eventually(lambda: site.of(HOST)[-1:] == ["/0"], within_seconds=60)
        both.append(threads.submit(fetch, path, path.url, site, message(path)))
        eventually(lambda: site.most[HOST] == 2 or both[1].done(), within_seconds=60)
        site.let_go.set()
        assert [one.result() for one in both] == [None, None]
    assert site.most[HOST] == 2


def use_case(path: Path, database: Database, site: ManyHosts) -> FetchSources:
    return FetchSources(
        fetch=site.fetcher(),
        read=read_feed,
        work=lambda: path.work(database),
        clock=SystemClock(),
        random=NoJitter(),
        next_cron=next_cron,
        plans=partial(FetchPlans, encryption=path.encryption, reader_of=reader_of),
        host_of=host_of,
    )


def fetch(path: Path, url: str, site: ManyHosts, due: FetchDue) -> GroundworkError | None:
    """Fetch one message over a connection of its own; return the result for the queue."""
    with closing(Database(url, application_name="test")) as database:
        ((_, error),) = use_case(path, database, site)([due])
    return error


@pytest.mark.parametrize("seconds", [0.5, pytest.param(10, marks=pytest.mark.long)])
def test_a_poll_that_lost_postgres_is_made_again(path: Path, site: Held, seconds: float) -> None:
    add(path, site)
    proxy = TcpProxy(int(path.url.rsplit(":", 1)[1].partition("/")[0]))
    head, _, tail = path.url.rpartition(":")
    through = f"{head}:{proxy.port}/{tail.partition('/')[2]}"
    with closing(proxy), ThreadPoolExecutor(1) as threads:
        polling = threads.submit(fetch, path, through, site, message(path))
        assert eventually(lambda: site.of(HOST)[-1:] == ["/0"], within_seconds=60)
        proxy.refuse()
        site.let_go.set()
        time.sleep(seconds)
        assert isinstance(polling.result(), Unavailable)  # so the queue delivers it again
        lost = Database(through, application_name="test")
        with pytest.raises(Unavailable):
            claim_due(work=path.work(lost), clock=path.clock)
        proxy.accept()
        assert path.value("SELECT count(*) FROM documents") == 0
        path.rows(AGED)
        assert sweep(path) == 1
        assert fetch(path, through, site, message(path)) is None
    assert site.most[HOST] == 1
    assert path.rows("SELECT polls, claimed_until, documents FROM source_states") == [(1, None, 1)]


class Workers:
    """Workers of the queue, each with a connection; messages come from the outbox."""

    def __init__(self, path: Path, site: ManyHosts, number: int = 6) -> None:
        self._path, self._site, self._number = path, site, number
        self._queue: Queue[dict[str, Any]] = Queue()
        self._over = threading.Event()

    def __enter__(self) -> "Workers":
        self._threads = ThreadPoolExecutor(self._number + 1)
        self._running = [self._threads.submit(self._feed)]
        self._running += [self._threads.submit(self._work) for _ in range(self._number)]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._threads.shutdown()
        for one in self._running:
            one.result()

    def _feed(self) -> None:
        with closing(Database(self._path.url, application_name="test")) as database:
            last = 0
            while not self._over.is_set():
                rows = database.rows(
                    "SELECT id, data FROM outbox WHERE kind = 'fetch_due' AND id > %s ORDER BY id",
                    (last,),
                )
                for _, data in rows:
                    self._queue.put(data)
                last = rows[-1][0] if rows else last
                self._over.wait(0.05)

    def _work(self) -> None:
        with closing(Database(self._path.url, application_name="test")) as database:
            fetches = use_case(self._path, database, self._site)
            while not self._over.is_set():
                try:
                    due = FetchDue.model_validate_json(json.dumps(self._queue.get(timeout=0.1)))
                except Empty:
                    continue
                if due.not_before is not None:
                    time.sleep(max(0.0, (due.not_before - datetime.now(UTC)).total_seconds()))
                assert [error for _, error in fetches([due])] == [None]


OTHERS = [f"h{number}.example" for number in range(12)]


def claim_of_slow_host(path: Path, site: Held) -> int:
    """Claim among 1,000 sources of a slow host and twelve others; return how many of the slow one.

    The schedule runs three times.
    """
    site.answers |= {(SLOW, f"/{number}"): site.answer for number in range(1_000)}
    path.clock = SystemClock()  # type: ignore[assignment]
    urls = [site.url(SLOW, f"/{number}") for number in range(1_000)]
    made = path.add(*urls, *(site.url(host) for host in OTHERS))
    path.rows("UPDATE source_states SET next_poll_at = now() - interval '1 day'"
              " WHERE host = %s RETURNING 1", SLOW)  # fmt: skip
    path.rows("UPDATE hosts SET min_delay_ms = 0, delay_ms = 0, next_allowed_at = now(),"
              " ready_at = now() RETURNING 1")  # fmt: skip
    assert len(made) == 1_000 + len(OTHERS)
    for _ in range(3):
        claim_due(work=path.work(), clock=path.clock)
    claimed = path.rows(
        "SELECT 1 FROM source_states WHERE host = %s AND claimed_until IS NOT NULL", SLOW
    )
    return len(claimed)


def test_a_slow_host_with_a_thousand_sources_delays_no_other_host(path: Path, site: Held) -> None:
    assert claim_of_slow_host(path, site) == 1
    with Workers(path, site):
        assert eventually(lambda: all("/feed" in site.of(host) for host in OTHERS), 120)
        assert eventually(lambda: site.flying[SLOW] > 0, 120)
        site.let_go.set()
        assert eventually(lambda: len(site.of(SLOW)) > 6, 120)
        assert site.most[SLOW] == 1


def test_without_the_limit_of_requests_in_flight_several_sources_of_a_host_are_claimed(
    path: Path, site: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    for name in ("CLAIM_DUE", "CLAIM_OF_HOSTS"):
        blind = getattr(claim_sql, name).replace(claim_sql.MOST, "100")
        monkeypatch.setattr(claim_sql, name, blind)
    assert claim_of_slow_host(path, site) > 1
