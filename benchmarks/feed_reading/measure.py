"""Read a folder of feeds into entities in one process, and print the CPU seconds of each step.

    python benchmarks/feed_reading/measure.py FOLDER DATABASE_URL

The database is empty. Runs in this checkout and in older ones: names that have moved since are
looked for in both places.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from groundwork_core.jobs.model import JobMessage
from groundwork_core.knowledge.hand_in import HandedIn, HandIn
from groundwork_core.sources.fetch_outcome import Fetched
from groundwork_core.sources.fetch_sources import FetchSources
from groundwork_core.sources.model import FetchDue, Interval
from groundwork_core.sources.rows import SourceRow
from groundwork_runtime.queues import by_body, process_batch

BATCH = 10
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def found(name: str, *modules: str) -> Any:
    """Return what has this name in the first of our modules that exists."""
    for module in modules:
        try:
            return getattr(importlib.import_module(f"groundwork_{module}"), name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(name)


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        """The moment of the measurement."""
        return NOW


class NoJitter:
    """Chooses the smallest."""

    def uniform(self, a: float, _b: float) -> float:
        """Return the lower bound."""
        return a


class Queue:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.by_body: list[dict[str, Any]] = []

    def send(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Receive messages, converted to JSON and back as a queue would."""
        self.by_body += [json.loads(json.dumps(message)) for message in messages]


def batches(messages: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield events of a queue, as Lambda makes them."""
    for start in range(0, len(messages), BATCH):
        records = [
            {"messageId": str(uuid4()), "body": json.dumps(message)}
            for message in messages[start : start + BATCH]
        ]
        yield {"Records": records}


class Journey:
    """The functions of ingestion on one connection, and the CPU that each step spent."""

    def __init__(self, folder: Path, database_url: str) -> None:
        database = found("Database", "data.postgres.database")
        work = found("PostgresUnitOfWork", "data.postgres.unit_of_work")
        self.database = database(database_url, application_name="benchmark")
        self.work: Callable[[], Any] = lambda: work(self.database, lambda: None)
        self.folder = folder
        self.spent = dict.fromkeys(("read", "store", "extract", "apply", "postgres"), 0.0)
        (pid,) = self.database.rows("SELECT pg_backend_pid()", ())[0]
        self._backend = psutil.Process(pid)

    @contextmanager
    def counted(self, step: str) -> Iterator[None]:
        """Add what this process and the database's spend within to a step."""
        own, other = time.process_time(), sum(self._backend.cpu_times()[:2])
        yield
        self.spent[step] += time.process_time() - own
        self.spent["postgres"] += sum(self._backend.cpu_times()[:2]) - other

    def run(self) -> dict[str, float]:
        """Go all the way, and return the seconds by step and the numbers of what came of it."""
        self.add()
        self.fetch()
        results = self.extract()
        self.apply(results)
        counts = {
            table: self.database.rows(f"SELECT count(*) FROM {table}", ())[0][0]
            for table in ("documents", "entities", "relationships")
        }
        return {**self.spent, **counts}

    def add(self) -> None:
        """Make a source for each file."""
        start_watching = found("start_watching", "core.sources.start_watching")
        hourly = Interval(kind="interval", every_seconds=3_600)
        names = sorted(path.name for path in self.folder.iterdir() if path.is_file())
        with self.work() as work:
            sources = [SourceRow(name, f"https://{name}.example/", hourly) for name in names]
            made = work.sources.add(sources)
            start_watching(list(made.values()), work=work, now=NOW)

    def fetch(self) -> None:
        """Read every file and store what it says."""
        reader = found("read_feed", "data.web.feeds")
        reader(Fetched(b"<rss version='2.0'/>", "https://x.example/"), NOW)  # loads the parser

        def download(asks: Sequence[Any]) -> list[Fetched]:
            names = [ask.url.removeprefix("https://").split(".example")[0] for ask in asks]
            return [
                Fetched((self.folder / name).read_bytes(), ask.url, "text/xml")
                for name, ask in zip(names, asks, strict=True)
            ]

        def read(fetched: Any, now: datetime) -> Any:
            started = time.process_time()
            outcome = reader(fetched, now)
            spent = time.process_time() - started
            self.spent["read"] += spent
            self.spent["store"] -= spent
            return outcome

        further = {}
        if "host_of" in inspect.signature(FetchSources).parameters:
            further["host_of"] = found("host_of", "data.web.hosts")
        if "plans" in inspect.signature(FetchSources).parameters:
            plans = found("FetchPlans", "core.sources.fetch_plans")
            # None is asked for by plain feeds: neither encryption nor readers of other kinds.
            further["plans"] = partial(plans, encryption=None, reader_of=None)
        use_case = FetchSources(
            fetch=download,
            read=read,
            work=self.work,
            clock=Clock(),
            random=NoJitter(),
            next_cron=found("next_cron", "data.cron", "data.web.cron"),
            **further,
        )
        rows = self.database.rows("SELECT data FROM outbox WHERE kind = 'fetch_due'", ())
        for event in batches([row[0] for row in rows]):
            with self.counted("store"):
                assert process_batch(event, FetchDue, by_body(use_case))["batchItemFailures"] == []

    def extract(self) -> list[dict[str, Any]]:
        """Extract what the documents state."""
        queue = Queue()
        rows = self.database.rows("SELECT id, kind, payload FROM jobs ORDER BY id", ())
        messages = [
            {"contract": "groundwork/job/1", "job_id": str(i), "kind": job, "payload": payload}
            for i, job, payload in rows
        ]
        act = self._extractor(queue)
        for event in batches(messages):
            with self.counted("extract"):
                assert process_batch(event, JobMessage, act)["batchItemFailures"] == []
        return queue.by_body

    def _extractor(self, queue: Queue) -> Any:
        # The older name first: what is installed may be found in an older checkout too.
        module = ("reference_extractor.extract", "functions.reference_extractor.extract")
        registrable_host = found("registrable_host", "data.web.hosts")
        try:
            extract = found("extract", *module)
        except (
            ModuleNotFoundError,
            AttributeError,
        ):  # of an older checkout, which leases by itself
            return found("Extract", *module)(
                work=self.work,
                clock=Clock(),
                results=queue,
                registrable_host=registrable_host,
            )
        client = found("Client", "client")("http://api", "key", send=self._api)

        def act(batch: Any) -> Any:
            ids = [message.id for message in batch]
            extract(ids, client=client, send=queue.send, registrable_host=registrable_host)
            yield from ((message, None) for message in batch)

        return act

    def _api(self, _method: str, url: str, _headers: object, body: bytes) -> Any:
        """Answer `POST /jobs/lease` without HTTP."""
        assert url.endswith("/jobs/lease"), url
        asked = found("LeaseRequest", "core.jobs.lease_messages").model_validate_json(body)
        lease = found("lease_for_messages", "core.jobs.lease")
        leased = lease(asked, work=self.work(), clock=Clock())
        documents = found("PostgresLeasedDocuments", "data.postgres.leased_documents")
        include = found("include_documents", "core.jobs.include_documents")
        items = ",".join(include(leased, documents=documents(self.database)))
        return 200, {}, f'{{"items":[{items}]}}'.encode()

    def apply(self, results: list[dict[str, Any]]) -> None:
        """Apply what was extracted: entities, relationships, mentions."""
        use_case = HandIn(work=self.work, clock=Clock())
        for event in batches(results):
            with self.counted("apply"):
                assert process_batch(event, HandedIn, by_body(use_case))["batchItemFailures"] == []


def main() -> None:
    """Migrate, measure, print JSON."""
    folder, database_url = Path(sys.argv[1]), sys.argv[2]
    migrate = found("migrate", "data.postgres.migrations")
    migrate(database_url, Path.cwd() / "migrations" / "postgres")
    print(json.dumps(Journey(folder, database_url).run()))


if __name__ == "__main__":
    main()
