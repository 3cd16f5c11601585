"""Schedules that export: what is written, for whom, and how it is downloaded."""

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from groundwork_core.exports.run_exports import ExportsRun
from groundwork_core.schedules.run_schedules import Ran
from groundwork_data.export_folder import FolderFiles

from ....fakes.export_files import MemoryFiles
from .conftest import MINT, Rest
from .exporting import (
    HOURLY,
    During,
    Later,
    entities,
    export,
    exported,
    last_run,
    run_now,
    schedule,
    small_files,
    tick,
)


def test_exported_rows_equal_those_that_lists_show(rest: Rest) -> None:
    source = rest.create("sources", name="s", url="https://s.example/", tags=["a"]).json
    document = {"source_id": source["id"], "url": "https://s.example/1", "title": "One\nline"}
    rest.create("documents", **document, content="<p>Text</p>")
    entities(rest, 3)
    for resource in ("sources", "documents", "entities", "relationships", "mentions"):
        made, files = schedule(rest, resource), MemoryFiles()
        run_now(rest, made)
        assert last_run(rest, made)["status"] == "running"
        assert export(rest, files).succeeded == 1
        if resource == "mentions":
            continue
        listed = rest("GET", f"/api/v1/{resource}", query={"sort": "id"}).json["items"]
        found = exported(files)
        # How long ago a source was fetched depends on when it is asked.
        states = [one.pop("state", None) for one in (*listed, *found)]
        assert found == listed
        assert (resource == "sources") == any(states)
        run = last_run(rest, made)
        assert (run["status"], run["result"]["export"]["rows"]) == ("succeeded", len(listed))
    assert rest("GET", made.location).json["state"]["status"] == "succeeded"


def test_credentials_of_sources_are_in_no_file(rest: Rest) -> None:
    secret = {"scheme": "bearer", "token": "a-token-that-nobody-sees"}
    rest.create("sources", name="s", url="https://s.example/", credentials=secret)
    files = MemoryFiles()
    run_now(rest, schedule(rest, "sources"))
    export(rest, files)
    (row,) = exported(files)
    assert row["has_credentials"]
    assert "a-token-that-nobody-sees" not in json.dumps(row)


def test_all_rows_are_of_one_moment(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    small_files(monkeypatch)
    entities(rest, 2_000)
    files = During(lambda: entities(rest, 500))
    made = schedule(rest)
    run_now(rest, made)
    export(rest, files)
    assert len(exported(files)) == last_run(rest, made)["result"]["export"]["rows"] == 2_000
    assert last_run(rest, made)["result"]["export"]["files"] > 2


def test_only_changed_rows_follow_the_first_export(rest: Rest) -> None:
    entities(rest, 3)
    made = schedule(rest, changed_only=True)
    run_now(rest, made)
    export(rest, MemoryFiles())
    rest.database.rows("SET session_replication_role = replica")
    rest.database.rows("UPDATE entities SET updated_at = now() - interval '2 hours'")
    rest.database.rows("SET session_replication_role = origin")
    entities(rest, 2)
    files = MemoryFiles()
    run_now(rest, made)
    export(rest, files)
    assert len(exported(files)) == 2
    shown = last_run(rest, made)["result"]["export"]
    assert shown["since"] < shown["snapshot_at"]
    everything = MemoryFiles()
    run_now(rest, schedule(rest))
    export(rest, everything)
    assert len(exported(everything)) == 5


def test_a_due_moment_exports_once_unless_the_previous_export_still_runs(rest: Rest) -> None:
    made = schedule(rest)
    assert tick(rest, hours=1.5) == Ran(succeeded=1)
    assert tick(rest, hours=2.5) == Ran(failed=1)
    assert rest("POST", f"{made.location}/run").status == 409
    failed, running = rest("GET", f"{made.location}/runs").json["items"]
    assert (failed["error"]["class"], running["status"]) == ("conflict", "running")
    assert export(rest, MemoryFiles()) == ExportsRun(succeeded=1)
    assert export(rest, MemoryFiles()) == ExportsRun()
    assert tick(rest, hours=3.5) == Ran(succeeded=1)


def test_the_user_who_made_a_schedule_must_be_able_to_read_what_it_exports(rest: Rest) -> None:
    user = rest.user("analyst")
    analyst = MINT.token(user)
    body = {"name": "x", "schedule": HOURLY, "action": {"export": {"resource": "sources"}}}
    made = rest("POST", "/api/v1/schedules", body, token=analyst)
    assert made.status == 201
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO roles (name, permissions)"
            " VALUES ('planner', '{schedules:read,schedules:write}')"
        )
        planner = MINT.token(rest.user("planner"))
        refused = rest("POST", "/api/v1/schedules", body, token=planner)
        assert (refused.status, "sources:read" in refused.text) == (403, True)
        assert rest("POST", f"{made.location}/run", token=planner).status == 403
        connection.execute("UPDATE users SET roles = '{planner}' WHERE id = %s", (user,))
    files = MemoryFiles()
    run_id = run_now(rest, made)
    assert export(rest, files) == ExportsRun(failed=1)
    assert (files.files, last_run(rest, made)["error"]["class"]) == ({}, "forbidden")
    assert "sources:read" in last_run(rest, made)["error"]["message"]
    assert rest("GET", f"/api/v1/exports/{run_id}").status == 409
    # Whoever sets the action anew is asked from then on.
    changed = rest("PATCH", made.location, {"action": body["action"]}, headers={"If-Match": "*"})
    assert changed.status == 200
    run_id = run_now(rest, made)
    rest.parts.export_files = files
    assert export(rest, files) == ExportsRun(succeeded=1)
    assert rest("GET", f"/api/v1/exports/{run_id}", token=planner).status == 403
    assert rest("GET", f"/api/v1/exports/{run_id}").status == 200


def test_a_disabled_account_exports_nothing(rest: Rest) -> None:
    user = rest.user("admin")
    body = {"name": "x", "schedule": HOURLY, "action": {"export": {"resource": "entities"}}}
    made = rest("POST", "/api/v1/schedules", body, token=MINT.token(user))
    rest.database.rows("UPDATE users SET status = 'disabled' WHERE id = %s", (user,))
    run_now(rest, made)
    assert export(rest, MemoryFiles()) == ExportsRun(failed=1)


def test_an_export_is_downloaded_through_the_api(rest: Rest, tmp_path: Path) -> None:
    entities(rest, 3)
    files = rest.parts.export_files = FolderFiles(tmp_path)
    made = schedule(rest)
    run_id = run_now(rest, made)
    assert rest("GET", f"/api/v1/exports/{run_id}").status == 409
    export(rest, files)
    shown = rest("GET", f"/api/v1/exports/{run_id}").json
    (file,) = shown.pop("files")
    assert (shown["resource"], shown["rows"], file["rows"]) == ("entities", 3, 3)
    answer = rest("GET", file["url"])
    content = base64.b64decode(answer.text)
    assert answer.headers["Content-Type"] == ["application/octet-stream"]
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    assert len(gzip.decompress(content).splitlines()) == 3
    for path in (f"{run_id}/files/1", f"{run_id}/files/-1", str(MINT.kid), f"{run_id}/files/x"):
        assert rest("GET", f"/api/v1/exports/{path}").status == 404
    assert files.remove_before(Later(days=1).now()) == 2
    gone = rest("GET", f"/api/v1/exports/{run_id}")
    assert (gone.status, "removed" in gone.text) == (404, True)


def test_an_export_in_a_bucket_is_downloaded_from_there(rest: Rest) -> None:
    entities(rest, 3)
    files = rest.parts.export_files = MemoryFiles(at="https://bucket.example/")
    run_id = run_now(rest, schedule(rest))
    export(rest, files)
    shown = rest("GET", f"/api/v1/exports/{run_id}").json
    (file,) = shown["files"]
    assert file["url"].startswith("https://bucket.example/exports/")
    answer = rest("GET", f"/api/v1/exports/{run_id}/files/0")
    assert (answer.status, answer.headers["Location"]) == (303, [file["url"]])


def test_a_run_without_an_export_is_not_found_as_an_export(rest: Rest) -> None:
    rest.parts.export_files = MemoryFiles()
    made = rest.create("schedules", name="x", schedule=HOURLY, action={"fetch": {"tag": "news"}})
    assert rest("GET", f"/api/v1/exports/{run_now(rest, made)}").status == 404


@pytest.mark.parametrize(
    ("action", "pointer"),
    [
        ({"resource": "users"}, "/action/export/resource"),
        ({"resource": "entities", "more": 1}, "/action/export/more"),
        ({"resource": "mentions", "changed_only": True}, "/action/export"),
    ],
)
def test_an_export_that_cannot_be_made_is_422_with_a_pointer(
    rest: Rest, action: dict[str, Any], pointer: str
) -> None:
    body = {"name": "x", "schedule": HOURLY, "action": {"export": action}}
    reply = rest("POST", "/api/v1/schedules", body)
    assert (reply.status, reply.pointers) == (422, {pointer})
