"""A source whose address changes is polled at once, as a new source is."""

import threading
from typing import TYPE_CHECKING

import pytest

from groundwork_core.resources.write_hooks import change_with_hooks
from groundwork_core.resources.writing import Expected
from groundwork_core.sources.claim_due import claim_due
from groundwork_core.sources.resource import SOURCES, SourcePatch
from groundwork_core.sources.write_hooks import SourceWriteHooks
from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.cron import next_cron
from groundwork_data.postgres.sources import PostgresSources

from ....lock_waits import until_one_waits

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.core.sources.conftest import Path

OLD, NEW = "https://old.example/rss", "https://new.example/rss"
VALIDATORS = {"etag": '"1"'}


def patch(path: "Path", source: "UUID", **fields: object) -> None:
    database = path.connect()
    try:
        change_with_hooks(
            SOURCES,
            source,
            Expected(None),
            SourcePatch.model_validate(fields),
            work=path.work(database),
            then=SourceWriteHooks(
                clock=path.clock,
                next_cron=next_cron,
                allowed=AllowedTargets(),
                encryption=lambda: path.encryption,
            ),
        )
    finally:
        database.close()


def asked_last(path: "Path") -> tuple[str, str | None, str | None]:
    last = path.web.asked[-1]
    return last.url, last.etag, last.last_modified


@pytest.fixture
def polled(path: "Path") -> "UUID":
    """A source that was polled once."""
    (source,) = path.add(OLD)
    path.web.serve(OLD, path.entry(1), **VALIDATORS)
    path.web.serve(NEW, path.entry(1), path.entry(2), **VALIDATORS)
    path.fetch(path.due())
    return source


def test_the_new_address_is_fetched_at_once_without_validators(
    path: "Path", polled: "UUID"
) -> None:
    patch(path, polled, url=NEW)
    path.fetch(path.due()[-1:])
    assert asked_last(path) == (NEW, None, None)
    assert path.rows("SELECT status, polls, etag FROM source_states") == [("ok", 2, '"1"')]


def test_changing_a_source_to_its_own_address_changes_nothing(path: "Path", polled: "UUID") -> None:
    asked = len(path.due())
    patch(path, polled, url=f" {OLD}#x")
    assert len(path.due()) == asked
    assert path.value("SELECT etag FROM source_states") == '"1"'


def test_a_fetch_of_the_old_address_that_still_runs_is_not_recorded(path: "Path") -> None:
    (source,) = path.add(OLD)
    path.web.serve(OLD, path.entry(1))
    late = path.due()
    patch(path, source, url=NEW)
    path.fetch(late)
    assert path.value("SELECT count(*) FROM documents") == 0
    path.web.serve(NEW, path.entry(2))
    path.fetch(path.due()[-1:])
    assert path.value("SELECT count(*) FROM documents") == 1


def test_errors_of_the_old_address_are_forgotten(path: "Path") -> None:
    (source,) = path.add(OLD)
    path.fetch(path.due())
    assert path.value("SELECT failures FROM source_states") == 1
    patch(path, source, url=NEW)
    assert path.rows("SELECT status, failures, error_class FROM source_states") == [
        ("pending", 0, None)
    ]


def test_a_disabled_source_waits_until_it_is_enabled(path: "Path", polled: "UUID") -> None:
    patch(path, polled, enabled=False)
    asked = len(path.due())
    patch(path, polled, url=NEW)
    assert len(path.due()) == asked
    assert claim_due(work=path.work(), clock=path.clock) == 0
    patch(path, polled, enabled=True)
    assert claim_due(work=path.work(), clock=path.clock) == 1
    path.fetch(path.due()[-1:])
    assert asked_last(path) == (NEW, None, None)


def deadlocks(path: "Path", source: "UUID") -> bool:
    """Change the address while a fetch holds the state; say whether they stopped each other."""
    ticket = path.value("SELECT ticket FROM source_states")
    failed: list[BaseException] = []

    def change() -> None:
        try:
            patch(path, source, url=NEW)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=change)
    fetching = path.connect()
    try:
        with path.work(fetching) as work:
            assert work.sources.hold(source, ticket)
            thread.start()
            until_one_waits(path.url)
            work.connection.execute("SELECT 1 FROM sources WHERE id = %s FOR KEY SHARE", [source])
    except Exception as error:
        failed.append(error)
    thread.join()
    fetching.close()
    return bool(failed)


def test_a_change_and_a_fetch_do_not_deadlock(path: "Path") -> None:
    (source,) = path.add(OLD)
    assert not deadlocks(path, source)


def test_without_the_lock_of_the_state_a_change_and_a_fetch_deadlock(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresSources, "lock_state", lambda _self, _source: None)
    (source,) = path.add(OLD)
    assert deadlocks(path, source)
