"""Exports of schedules as tests run them: on a real database, with a store that they look into."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from groundwork_core.exports import write_files
from groundwork_core.exports.ports import ExportFiles
from groundwork_core.exports.run_exports import EXPORT_SECONDS, ExportsRun, RunExports
from groundwork_core.schedules.run_schedules import Ran, run_due
from groundwork_data.cron import next_cron
from groundwork_data.postgres.callers import PostgresCallers
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.snapshots import PostgresSnapshots
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ....fakes.export_files import MemoryFiles
from .conftest import Reply, Rest

HOURLY = {"kind": "interval", "every_seconds": 3_600}
LAMBDA_SECONDS = 900.0


class Later:
    """A clock some time after now."""

    def __init__(self, **by: float) -> None:
        self.by = timedelta(**by)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


def schedule(rest: Rest, resource: str = "entities", **more: object) -> Reply:
    action = {"export": {"resource": resource, **more}}
    return rest.create("schedules", name="Export", schedule=HOURLY, action=action)


def tick(rest: Rest, **by: float) -> Ran:
    return run_due(work=PostgresUnitOfWork(rest.database), clock=Later(**by), next_cron=next_cron)


def runner(rest: Rest, files: ExportFiles, **later: float) -> RunExports:
    return RunExports(
        work=PostgresUnitOfWork(rest.database),
        clock=Later(**later),
        snapshots=PostgresSnapshots(
            lambda: Database(rest.url, application_name="test"), EXPORT_SECONDS
        ),
        files=files,
        account_of=PostgresCallers(rest.database).account_state,
    )


def export(rest: Rest, files: ExportFiles, **later: float) -> ExportsRun:
    """Run what waits, and let the API read these files."""
    rest.parts.export_files = files
    return runner(rest, files, **later)(lambda: LAMBDA_SECONDS)


def run_now(rest: Rest, made: Reply) -> str:
    reply = rest("POST", f"{made.location}/run")
    assert reply.status == 202, reply.text
    return str(reply.json["id"])


def last_run(rest: Rest, made: Reply) -> dict[str, Any]:
    run: dict[str, Any] = rest("GET", f"{made.location}/runs").json["items"][0]
    return run


def entities(rest: Rest, number: int) -> None:
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO entities (name, type, key, confidence) SELECT 'n' || g, 'topic',"
            " gen_random_uuid()::text, 0.5 FROM generate_series(1, %s) g",
            (number,),
        )


def exported(files: MemoryFiles) -> list[dict[str, Any]]:
    parts = [gzip.decompress(files.files[key]) for key in sorted(files.files) if "part-" in key]
    return [json.loads(line) for line in b"".join(parts).splitlines()]


class During(MemoryFiles):
    """Calls something at the first file of each export."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def put(self, key: str, content: bytes) -> None:
        if "part-00000" in key:
            self._act()
        super().put(key, content)


def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_files, "FILE_BYTES", 20_000)
