"""The path on a real database: sources, a web that tests make up, queues in memory."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, JsonValue

from groundwork_client import Client
from groundwork_core.knowledge.hand_in import HandedIn, HandIn
from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    Fetched,
    FetchRequest,
    Unchanged,
)
from groundwork_core.sources.fetch_plans import FetchPlans
from groundwork_core.sources.fetch_sources import FetchSources
from groundwork_core.sources.model import FetchDue, Interval
from groundwork_core.sources.rows import SourceRow
from groundwork_core.sources.start_watching import start_watching
from groundwork_data.cron import next_cron
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_data.web.feeds import read_feed
from groundwork_data.web.hosts import host_of, registrable_host
from groundwork_data.web.kinds.readers import reader_of
from groundwork_functions.reference_extractor.extract import extract
from groundwork_functions.reference_extractor.handler import Announced
from groundwork_runtime.queues import BatchResponse, Message, by_body, process_batch
from groundwork_runtime.wiring import wiring

from ....fakes.secrets import memory_encryption
from .job_api import JobApi

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOURLY = Interval(kind="interval", every_seconds=3_600)


class HeldClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


class NoJitter:
    def uniform(self, a: float, b: float) -> float:
        return a


class Web:
    """The web: responses by address, and the requests so far."""

    def __init__(self) -> None:
        self.pages: dict[str, Download] = {}
        self.asked: list[FetchRequest] = []

    def serve(self, url: str, *entries: str, title: str = "Feed", etag: str | None = None) -> None:
        items = "".join(entries)
        body = (
            '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
            f"<title>{title}</title><link>{url.rsplit('/', 1)[0]}/</link>{items}</channel></rss>"
        )
        self.pages[url] = Fetched(body.encode(), url, "text/xml", etag=etag)

    def __call__(self, asks: Sequence[FetchRequest]) -> Iterator[tuple[int, Download]]:
        self.asked += asks
        found = list(enumerate([self._answer(ask) for ask in asks]))
        yield from sorted(found, key=lambda one: _size(one[1]))

    def _answer(self, ask: FetchRequest) -> Download:
        page = self.pages.get(ask.url, Failed(Failure.DNS, "no such name"))
        if isinstance(page, Fetched) and page.etag and page.etag == ask.etag:
            return Unchanged()
        return page


def _size(answer: Download) -> int:
    return len(answer.body) if isinstance(answer, Fetched) else 0


class MemoryQueue:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, JsonValue]] = []

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        self.bodies += [json.loads(json.dumps(message)) for message in messages]


def entry(number: int, title: str = "", link: str = "https://other.example/x") -> str:
    return (
        f"<item><guid>g{number}</guid><title>{title or f'Entry {number}'}</title>"
        f"<link>https://feed.example/{number}</link><dc:creator>Ada</dc:creator>"
        "<category>Science</category><pubDate>Sun, 01 Feb 2026 10:00:00 GMT</pubDate>"
        f"<description>&lt;a href='{link}'&gt;x&lt;/a&gt;</description></item>"
    )


class Path:
    """The functions of the path, driven by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = self.connect()
        self.clock = HeldClock()
        self.web = Web()
        self.results = MemoryQueue()
        self.api = JobApi(self.database, self.clock)
        self.entry = entry
        self.encryption = memory_encryption()

    def connect(self) -> Database:
        """A further connection, for a thread of its own."""
        return Database(self.url, application_name="test")

    def work(self, database: Database | None = None) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(database or self.database)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.database.rows(sql, parameters)

    def value(self, sql: str, *parameters: object) -> Any:
        return self.rows(sql, *parameters)[0][0]

    def add(self, *urls: str) -> list[UUID]:
        with self.work() as work:
            made = work.sources.add([SourceRow(url, url, HOURLY) for url in urls])
            start_watching(list(made.values()), work=work, now=self.clock.now())
        return [made[url] for url in urls]

    def due(self) -> list[dict[str, JsonValue]]:
        """Every fetch ever asked for, as messages."""
        rows = self.rows("SELECT data FROM outbox WHERE kind = 'fetch_due' ORDER BY id")
        return [row[0] for row in rows]

    def fetch(self, messages: Sequence[Mapping[str, JsonValue]]) -> BatchResponse:
        use_case = FetchSources(
            fetch=self.web,
            read=read_feed,
            work=self.work,
            clock=self.clock,
            random=NoJitter(),
            next_cron=next_cron,
            plans=partial(FetchPlans, encryption=self.encryption, reader_of=reader_of),
            host_of=host_of,
        )
        return self.batch(messages, FetchDue, by_body(use_case))

    def job_messages(self) -> list[dict[str, JsonValue]]:
        rows = self.rows("SELECT id, kind, payload FROM jobs WHERE status = 'queued' ORDER BY id")
        return [
            {"contract": "groundwork/job/1", "job_id": str(i), "kind": kind, "payload": payload}
            for i, kind, payload in rows
        ]

    def extract(
        self, messages: Sequence[Mapping[str, JsonValue]], ids: Sequence[str] = ()
    ) -> BatchResponse:
        def act(batch: Sequence[Message[Announced]]) -> Iterator[tuple[Message[Announced], None]]:
            with Client("http://api", "key", worker="tests/1", send=self.api) as client:
                extract(
                    [message.id for message in batch],
                    client=client,
                    send=self.results.send,
                    registrable_host=registrable_host,
                )
            yield from ((message, None) for message in batch)

        return self.batch(messages, Announced, act, ids)

    def hand_in(
        self, messages: Sequence[Mapping[str, JsonValue]], database: Database | None = None
    ) -> BatchResponse:
        use_case = HandIn(work=lambda: self.work(database), clock=self.clock)
        return self.batch(messages, HandedIn, by_body(use_case))

    def all_the_way(self) -> None:
        """Fetch what was just asked for, extract, apply."""
        self.fetch(self.due())
        self.extract(self.job_messages())
        self.hand_in(self.results.bodies)
        self.results.bodies.clear()

    @staticmethod
    def batch(
        messages: Sequence[Mapping[str, JsonValue]],
        kind: type[BaseModel],
        act: Callable[..., Any],
        ids: Sequence[str] = (),
    ) -> BatchResponse:
        records = [
            {"messageId": ids[n] if ids else str(uuid4()), "body": json.dumps(message)}
            for n, message in enumerate(messages)
        ]
        return process_batch({"Records": records}, kind, act)

    def counts(self) -> dict[str, int]:
        tables = (
            "documents",
            "document_revisions",
            "jobs",
            "entities",
            "relationships",
            "mentions",
        )
        return {table: self.value(f"SELECT count(*) FROM {table}") for table in tables}

    def outbox_count(self) -> int:
        return int(self.value("SELECT count(*) FROM outbox"))


@pytest.fixture
def path(database_url: str) -> Iterator[Path]:
    made = Path(database_url)
    yield made
    made.database.close()


@pytest.fixture
def environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the environment variables that the template gives functions."""
    for name in ("RELAY_QUEUE_URL", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", path.url)
    monkeypatch.setattr("groundwork_runtime.logs.configure", lambda *_: None)
    wiring.cache_clear()
    yield
    wiring().database.close()
    wiring.cache_clear()
