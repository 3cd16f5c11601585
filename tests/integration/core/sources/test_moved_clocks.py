"""A machine whose clock is an hour wrong polls nothing early, and stops nothing."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from groundwork_core.clock import Clock
from groundwork_core.sources.model import FetchDue
from groundwork_core.sources.rows import SourceRow
from groundwork_data.postgres.database_clock import DatabaseClock
from groundwork_functions.scheduler.handler import handler
from groundwork_runtime.wiring import wiring

from .conftest import HOURLY

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED = "https://feed.example/rss"
NEAR = timedelta(minutes=2)
PLAN = "UPDATE source_states SET next_poll_at = now() + %s RETURNING 1"


@dataclass(frozen=True)
class Moved:
    """The clock of a machine that was set."""

    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


def set_clock(by: timedelta, *, guarded: bool) -> None:
    """Set the clock of the machine; unguarded, claims and plans go by it."""
    parts, moved = wiring(), Moved(by)
    parts.clock = moved
    compared: Clock = DatabaseClock(parts.database, wall=moved.now)
    parts.database_clock = compared if guarded else moved


def source(path: "Path", due_in: timedelta, url: str = FEED) -> UUID:
    """Store a source that nobody fetches, and that is due after a time."""
    (made,) = path.add(url)
    path.rows(
        "UPDATE source_states SET ticket = NULL, claimed_until = NULL, fetch_at = NULL RETURNING 1"
    )
    path.rows("UPDATE hosts SET next_allowed_at = to_timestamp(0) RETURNING 1")
    path.rows(PLAN, due_in)
    return made


def claimed(path: "Path", by: timedelta, due_in: timedelta, *, guarded: bool) -> int:
    source(path, due_in)
    set_clock(by, guarded=guarded)
    return int(handler({}, None)["claimed"])


HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)


@pytest.mark.parametrize(
    ("by", "due_in", "expected"),
    [(HOUR, HALF, 0), (-HOUR, -HALF, 1), (HOUR, -HALF, 1), (-HOUR, HALF, 0)],
)
def test_sources_are_claimed_when_they_are_due_by_the_databases_clock(
    path: "Path", environment: None, by: timedelta, due_in: timedelta, expected: int
) -> None:
    assert claimed(path, by, due_in, guarded=True) == expected


@pytest.mark.parametrize(("by", "due_in", "wrong"), [(HOUR, HALF, 1), (-HOUR, -HALF, 0)])
def test_by_the_machines_clock_sources_are_claimed_early_or_late(
    path: "Path", environment: None, by: timedelta, due_in: timedelta, wrong: int
) -> None:
    assert claimed(path, by, due_in, guarded=False) == wrong


def runs(path: "Path", by: timedelta, due_in: timedelta, *, guarded: bool) -> int:
    """Run schedules twice while the clock is moved, then once more when it is right again."""
    schedule = path.value(
        "INSERT INTO schedules (name, schedule, action) VALUES ('s', %s, %s) RETURNING id",
        Jsonb({"kind": "interval", "every_seconds": 7200}),
        Jsonb({"fetch": {"tag": "news"}}),
    )
    path.rows(
        "INSERT INTO schedule_states (schedule_id, next_run_at) VALUES (%s, now() + %s)"
        " RETURNING 1",
        schedule,
        due_in,
    )
    for moved in (by, by, timedelta()):
        set_clock(moved, guarded=guarded)
        handler({}, None)
    return int(path.value("SELECT count(*) FROM schedule_runs"))


@pytest.mark.parametrize(
    ("by", "due_in", "expected"), [(HOUR, HALF, 0), (-HOUR, -HALF, 1), (HOUR, -HALF, 1)]
)
def test_schedules_run_once_when_they_are_due_by_the_databases_clock(
    path: "Path", environment: None, by: timedelta, due_in: timedelta, expected: int
) -> None:
    assert runs(path, by, due_in, guarded=True) == expected


def test_by_the_machines_clock_schedules_run_early(path: "Path", environment: None) -> None:
    assert runs(path, HOUR, HALF, guarded=False) == 1


class Publisher(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"<rss version='2.0'><channel><title>T</title></channel></rss>")


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        made = f"127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("GROUNDWORK_FETCH_ALLOW", made)
        yield made
        server.shutdown()


def polled(path: "Path", address: str, by: timedelta, *, guarded: bool) -> list[timedelta]:
    """Poll with a moved clock; return how far stored times are from where they should be."""
    url = f"http://{address}/feed"
    with path.work() as work:
        work.sources.add([SourceRow(url, url, HOURLY)])
        now = datetime.now(UTC)
        commands = work.sources.start(
            [row[0] for row in path.rows("SELECT id FROM sources")], now, now + HOUR
        )
    path.rows("UPDATE hosts SET min_delay_ms = 0 RETURNING 1")
    set_clock(by, guarded=guarded)
    due = [FetchDue(source_id=one.source_id, ticket=one.ticket) for one in commands]
    assert [error for _, error in wiring().fetch_sources(due)] == [None]
    ((last, following, allowed, robots),) = path.rows(
        "SELECT last_poll_at - now(), next_poll_at - now() - interval '1 hour',"
        " (SELECT next_allowed_at - now() FROM hosts),"
        " (SELECT fetched_at - now() FROM robots) FROM source_states"
    )
    return [abs(last), abs(following), abs(allowed), abs(robots)]


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_poll_is_stored_and_the_next_one_planned_by_the_databases_clock(
    address: str, path: "Path", environment: None, by: timedelta
) -> None:
    assert max(polled(path, address, by, guarded=True)) < NEAR


def test_by_the_machines_clock_a_poll_is_stored_and_planned_at_wrong_times(
    address: str, path: "Path", environment: None
) -> None:
    assert min(polled(path, address, HOUR, guarded=False)) > HALF
