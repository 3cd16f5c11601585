"""Polling sources, on the in-memory stores."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.fakes.callers import FakeClock
from tests.fakes.secrets import memory_encryption
from tests.fakes.work import MemoryWork

from groundwork_core.errors import Conflict, NotFound
from groundwork_core.outbox import Command
from groundwork_core.resources.write_hooks import change_with_hooks, create_with_hooks
from groundwork_core.resources.writing import Expected
from groundwork_core.sources.claim_due import claim_due
from groundwork_core.sources.explain_schedule import explain_schedule
from groundwork_core.sources.export_sources import export_sources
from groundwork_core.sources.fetch_outcome import Failure
from groundwork_core.sources.import_sources import import_sources
from groundwork_core.sources.model import FetchCommand, PlannedPoll
from groundwork_core.sources.request_fetch import request_fetch
from groundwork_core.sources.resource import SOURCES, NewSource, SourcePatch
from groundwork_core.sources.rows import Poll, WatchState
from groundwork_core.sources.start_watching import CLAIM_SECONDS
from groundwork_core.sources.sweep import sweep_fetches
from groundwork_core.sources.write_hooks import SourceWriteHooks
from groundwork_core.web.reachability import AllowedTargets

CLAIM = timedelta(seconds=CLAIM_SECONDS)
ANY = Expected(None)


def tomorrow(_expression: str, _timezone: str, after: datetime) -> datetime:
    return after + timedelta(days=1)


class Polling:
    """Sources with a clock, and the use cases on them."""

    def __init__(self) -> None:
        self.work = MemoryWork()
        self.clock = FakeClock(datetime(2026, 11, 30, tzinfo=UTC))

    def hooks(self) -> SourceWriteHooks:
        return SourceWriteHooks(
            clock=self.clock,
            next_cron=tomorrow,
            allowed=AllowedTargets(),
            encryption=memory_encryption,
        )

    def create(self, name: str = "a", **fields: Any) -> UUID:
        new = NewSource(name=name, url=f"https://{name}.example/feed", **fields)
        return UUID(create_with_hooks(SOURCES, new, work=self.work, then=self.hooks()).id)

    def change(self, source_id: UUID, **fields: Any) -> None:
        patch = SourcePatch(**fields)
        change_with_hooks(SOURCES, source_id, ANY, patch, work=self.work, then=self.hooks())

    def polled(self, source_id: UUID, failure: Failure | None = None) -> None:
        """Record a poll of a claimed source, now."""
        now = self.clock.now()
        planned = PlannedPoll(now + timedelta(minutes=15), "interval", {})
        status = "failing" if failure else "ok"
        with self.work as work:
            ticket = self.published()[-1].ticket
            work.sources.record(Poll(source_id, ticket, now, status, planned, failure=failure))

    def state(self, source_id: UUID) -> WatchState:
        with self.work as work:
            found = work.sources.watch_state(source_id)
        assert found is not None
        return found

    def published(self) -> list[FetchCommand]:
        commands: list[Command] = self.work.published
        return [one for one in commands if isinstance(one, FetchCommand)]


@pytest.fixture
def polling() -> Polling:
    return Polling()


def test_a_new_source_is_fetched_at_once(polling: Polling) -> None:
    source_id = polling.create()
    assert [one.source_id for one in polling.published()] == [source_id]
    assert polling.state(source_id).claimed_until == polling.clock.moment + CLAIM


def test_a_disabled_source_is_fetched_when_it_is_enabled(polling: Polling) -> None:
    source_id = polling.create(enabled=False)
    assert claim_due(work=polling.work, clock=polling.clock) == 0
    polling.change(source_id, enabled=True)
    assert claim_due(work=polling.work, clock=polling.clock) == 1
    assert [one.source_id for one in polling.published()] == [source_id]


def test_due_sources_are_claimed_in_batches(polling: Polling) -> None:
    for number in range(5):
        polling.create(f"n{number}")
    polling.clock.moment += CLAIM
    assert claim_due(work=polling.work, clock=polling.clock, batch=2) == 5
    assert claim_due(work=polling.work, clock=polling.clock, batch=2) == 0
    assert len(polling.published()) == 10


def test_a_fetch_that_waits_too_long_is_announced_again_with_its_ticket(polling: Polling) -> None:
    polling.create()
    polling.clock.pass_by(seconds=59)
    assert sweep_fetches(60, work=polling.work, clock=polling.clock) == 0
    polling.clock.pass_by(seconds=1)
    assert sweep_fetches(60, work=polling.work, clock=polling.clock) == 1
    first, again = polling.published()
    assert first == again


def test_a_second_fetch_while_one_runs_is_a_conflict(polling: Polling) -> None:
    source_id = polling.create()
    with pytest.raises(Conflict):
        request_fetch(source_id, work=polling.work, clock=polling.clock)
    polling.polled(source_id)
    asked = request_fetch(source_id, work=polling.work, clock=polling.clock)
    assert polling.published()[-1] == FetchCommand(source_id, asked.ticket)
    with pytest.raises(NotFound):
        request_fetch(uuid4(), work=polling.work, clock=polling.clock)


def test_a_new_address_is_fetched_at_once_and_the_same_is_no_change(polling: Polling) -> None:
    source_id = polling.create()
    polling.polled(source_id)
    polling.change(source_id, url="https://a.example/feed")
    assert len(polling.published()) == 1
    polling.change(source_id, url="https://b.example/feed")
    assert len(polling.published()) == 2
    assert polling.state(source_id).status == "pending"


def test_a_new_schedule_plans_from_the_last_poll(polling: Polling) -> None:
    source_id = polling.create()
    polled_at = polling.clock.moment
    polling.polled(source_id)
    polling.clock.pass_by(minutes=1)
    polling.change(source_id, schedule={"kind": "interval", "every_seconds": 3_600})
    jitter = polling.state(source_id).next_poll_at - polled_at - timedelta(hours=1)
    assert timedelta() <= jitter <= timedelta(minutes=1)


def test_a_new_schedule_of_a_failing_source_keeps_its_backoff(polling: Polling) -> None:
    source_id = polling.create()
    polled_at = polling.clock.moment
    polling.polled(source_id, Failure.DNS)
    polling.change(source_id, schedule={"kind": "interval", "every_seconds": 60})
    found = polling.state(source_id)
    assert found.next_poll_reason == "backoff"
    assert polled_at + timedelta(seconds=60) <= found.next_poll_at


def test_the_explanation_of_a_schedule_says_what_runs(polling: Polling) -> None:
    source_id = polling.create()

    def reason() -> str:
        with polling.work as work:
            return explain_schedule(source_id, sources=work.sources, clock=polling.clock).reason

    assert reason() == "running"
    polling.polled(source_id)
    assert reason() == "interval"
    polling.change(source_id, enabled=False)
    assert reason() == "disabled"
    with pytest.raises(NotFound), polling.work as work:
        explain_schedule(uuid4(), sources=work.sources, clock=polling.clock)


def test_a_list_is_imported_once_and_exported_again(polling: Polling) -> None:
    polling.create()
    data = b"https://a.example/feed\nhttps://b.example/feed\nnot an address\n"

    def run() -> tuple[int, int, int]:
        done = import_sources(
            data, work=lambda: polling.work, clock=polling.clock, allowed=AllowedTargets()
        )
        return done.created, done.existing, len(done.failed)

    assert run() == (1, 1, 1)
    assert run() == (0, 2, 1)
    assert len(polling.published()) == 2
    with polling.work as work:
        exported = export_sources(sources=work.sources)
    assert exported.opml.count("xmlUrl") == 2
    assert exported.next_after is None
