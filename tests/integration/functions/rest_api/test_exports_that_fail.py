"""Exports whose store, worker or database dies: the run says so, and no half of it is seen."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from groundwork_core.errors import Unavailable
from groundwork_core.exports.run_exports import (
    EXPORT_SECONDS,
    LEASE_SECONDS,
    MOST_ATTEMPTS,
    ExportsRun,
)
from groundwork_data.postgres import exports
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ....fakes.export_files import MemoryFiles
from ....lock_waits import lock_waits
from ....waiting import eventually
from .conftest import Rest
from .exporting import (
    LAMBDA_SECONDS,
    During,
    Later,
    entities,
    export,
    last_run,
    run_now,
    runner,
    schedule,
    small_files,
)


class Killed(BaseException):
    """The process of the function is gone: nothing after this runs."""


@pytest.mark.parametrize("room", [0, 2])
def test_a_store_that_fails_leaves_a_failed_run_and_no_file(
    rest: Rest, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    small_files(monkeypatch)
    entities(rest, 2_000)
    made, files = schedule(rest), MemoryFiles(room)
    run_id = run_now(rest, made)
    assert export(rest, files) == ExportsRun(failed=1)
    run = last_run(rest, made)
    assert (run["status"], run["error"]["message"]) == ("failed", "The store is full.")
    assert files.files == {}
    assert rest("GET", f"/api/v1/exports/{run_id}").status == 409
    files.room = None
    run_now(rest, made)
    assert export(rest, files) == ExportsRun(succeeded=1, rows=2_000)


class Deadly(MemoryFiles):
    """A bucket that kills the process when it stores a manifest, while `deadly` is set."""

    deadly = True

    def put(self, key: str, content: bytes) -> None:
        if self.deadly and key.endswith("manifest.json"):
            raise Killed
        super().put(key, content)


def test_a_killed_export_is_written_anew_by_another_attempt(rest: Rest) -> None:
    entities(rest, 3)
    made, files = schedule(rest), Deadly()
    run_now(rest, made)
    with pytest.raises(Killed):
        export(rest, files)
    assert [key.split("-")[-2:] for key in files.files] == [["1/part", "00000.ndjson.gz"]]
    assert export(rest, files) == ExportsRun()  # it may still work
    files.deadly = False
    assert export(rest, files, seconds=LEASE_SECONDS + 1) == ExportsRun(succeeded=1, rows=3)
    assert {key.rpartition("/")[0][-2:] for key in files.files} == {"-2"}
    assert last_run(rest, made)["status"] == "succeeded"


def test_an_export_that_always_kills_its_worker_fails(rest: Rest) -> None:
    entities(rest, 3)
    made, files = schedule(rest), Deadly()
    run_now(rest, made)
    for attempt in range(MOST_ATTEMPTS):
        with pytest.raises(Killed):
            export(rest, files, seconds=attempt * 2 * LEASE_SECONDS)
    assert export(rest, files, seconds=MOST_ATTEMPTS * 2 * LEASE_SECONDS) == ExportsRun(failed=1)
    assert "interrupted 3 times" in last_run(rest, made)["error"]["message"]
    assert files.files == {}


class Unheard(PostgresUnitOfWork):
    """Loses the response to one commit."""

    def __init__(self, database: Database, files: MemoryFiles) -> None:
        super().__init__(database)
        self._files = files
        self._lost = False

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if not self._lost and any("manifest" in key for key in self._files.files):
            self._lost = True
            raise Unavailable("The database cannot be reached.")


def test_an_export_whose_end_was_stored_but_not_confirmed_keeps_its_files(rest: Rest) -> None:
    entities(rest, 3)
    made, files = schedule(rest), MemoryFiles()
    run_now(rest, made)
    runs = runner(rest, files)
    runs._work = Unheard(rest.database, files)
    runs(lambda: LAMBDA_SECONDS)
    run = last_run(rest, made)
    assert (run["status"], run["error"]) == ("succeeded", None)
    assert run["result"]["export"]["key"] in files.files


def test_a_deleted_schedule_ends_its_export(rest: Rest) -> None:
    entities(rest, 3)
    made = schedule(rest)
    run_now(rest, made)
    files = During(lambda: rest("DELETE", made.location, headers={"If-Match": "*"}))
    assert export(rest, files) == ExportsRun(failed=1)
    assert files.files == {}
    assert rest.database.rows("SELECT FROM running_exports") == []


def test_an_export_that_takes_too_long_names_the_limit(rest: Rest) -> None:
    entities(rest, 1_000)
    made, files = schedule(rest), MemoryFiles()
    run_now(rest, made)
    left = iter([900.0, 900.0, 100.0])
    assert runner(rest, files)(lambda: next(left, 90.0)) == ExportsRun(failed=1)
    error = last_run(rest, made)["error"]
    assert (error["class"], f"{EXPORT_SECONDS} s" in error["message"]) == ("tooktoolong", True)
    assert "1000 rows" in error["message"]
    assert files.files == {}


def two_claims(rest: Rest) -> list[int]:
    """Let a second worker claim while the first one has not committed; return all attempts."""
    run_now(rest, schedule(rest))
    attempts: list[int] = []

    def claim(then: Callable[[], object] = lambda: None) -> None:
        database = Database(rest.url, application_name="test")
        with PostgresUnitOfWork(database) as work:
            now = Later().now()
            found = work.exports.claim(now, now + timedelta(hours=1))
            attempts.extend([found.attempt] if found else [])
            then()
        database.close()

    second = threading.Thread(target=claim)

    def meanwhile() -> None:
        second.start()
        assert eventually(lambda: not second.is_alive() or lock_waits(rest.url))

    claim(meanwhile)
    second.join()
    return attempts


def test_of_two_workers_one_claims_an_export(rest: Rest) -> None:
    assert two_claims(rest) == [1]


def test_without_the_lock_two_workers_claim_one_export(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken away."""
    unlocked = exports.CLAIM.replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(exports, "CLAIM", unlocked)
    assert two_claims(rest) == [1, 2]
