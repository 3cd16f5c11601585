"""The function that writes exports, as Lambda calls it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from groundwork_core.ids import first_id
from groundwork_data.export_folder import FolderFiles
from groundwork_data.postgres.database_clock import DatabaseClock
from groundwork_functions.exports.handler import CLEANING_MINUTE, handler
from groundwork_runtime.wiring import wiring

CONTEXT = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 900_000)
DAYS = 3
WAITS = """
WITH u AS (
    INSERT INTO users (email, roles) VALUES ('a@example.org', '{admin}') RETURNING id
), s AS (
    INSERT INTO schedules (name, schedule, action) VALUES ('x',
        '{"kind": "interval", "every_seconds": 60}', '{"export": {"resource": "sources"}}')
    RETURNING id
), r AS (
    INSERT INTO schedule_runs (schedule_id, due_at, reason, status)
    SELECT id, now(), 'asked', 'running' FROM s RETURNING id, schedule_id
)
INSERT INTO running_exports (run_id, schedule_id, resource, changed_only, made_by)
SELECT r.id, schedule_id, 'sources', false, u.id FROM r, u
"""


@pytest.fixture
def folder(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FolderFiles]:
    """The folder that the function's settings name."""
    for name in ("RELAY_QUEUE_URL", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EXPORT_BUCKET", tmp_path.as_uri())
    monkeypatch.setenv("GROUNDWORK_EXPORT_DAYS", str(DAYS))
    monkeypatch.setattr("groundwork_runtime.logs.configure", lambda *_: None)
    wiring.cache_clear()
    yield FolderFiles(tmp_path)
    wiring().database.close()
    wiring.cache_clear()


def test_a_waiting_export_is_written(
    folder: FolderFiles, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(WAITS)
    done = handler({}, CONTEXT)
    assert (done["succeeded"], done["failed"], done["rows"]) == (1, 0, 0)
    assert [one.name for one in tmp_path.rglob("*.json")] == ["manifest.json"]


@pytest.mark.parametrize(("minute", "removed"), [(CLEANING_MINUTE, 1), (CLEANING_MINUTE + 1, 0)])
def test_old_files_are_removed_once_an_hour(
    folder: FolderFiles, monkeypatch: pytest.MonkeyPatch, minute: int, removed: int
) -> None:
    now = DatabaseClock(wiring().database).now().replace(minute=minute)
    monkeypatch.setattr(wiring(), "database_clock", SimpleNamespace(now=lambda: now))
    for days in (DAYS - 1, DAYS + 1):
        begun = first_id(now.fromtimestamp(now.timestamp() - days * 86_400, now.tzinfo))
        folder.put(f"exports/{begun}-1/manifest.json", b"x")
    assert handler({}, CONTEXT)["removed"] == removed
