"""Actions of the REST API beyond create, read, list, change and delete."""

import json
from uuid import UUID, uuid4

import psycopg
import pytest

from .conftest import Reply, Rest


def source(rest: Rest, **fields: object) -> Reply:
    return rest.create(
        "sources", **{"name": "A", "url": f"https://f.example.org/{uuid4()}", **fields}
    )


def commands(rest: Rest) -> int:
    with psycopg.connect(rest.url) as connection:
        row = connection.execute("SELECT count(*) FROM outbox WHERE kind = 'fetch_due'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_new_source_is_fetched_at_once(rest: Rest) -> None:
    made = source(rest)
    assert made.json["state"]["status"] == "pending"
    assert made.json["schedule"] == {"kind": "interval", "every_seconds": 900}
    assert commands(rest) == 1


def test_a_source_that_is_not_enabled_waits(rest: Rest) -> None:
    made = source(rest, enabled=False)
    assert commands(rest) == 0
    assert rest("POST", f"{made.location}/fetch").status == 409
    plan = rest("GET", f"{made.location}/schedule").json
    assert (plan["next_poll_at"], plan["reason"]) == (None, "disabled")


def test_a_fetch_on_request_is_202_once(rest: Rest) -> None:
    made = source(rest)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("UPDATE source_states SET ticket = NULL, claimed_until = NULL")
    asked = rest("POST", f"{made.location}/fetch")
    assert (asked.status, asked.json["source_id"]) == (202, made.json["id"])
    assert UUID(asked.json["ticket"]).version == 7
    assert rest("POST", f"{made.location}/fetch").status == 409
    assert commands(rest) == 2


def test_a_missing_source_cannot_be_fetched(rest: Rest) -> None:
    assert rest("POST", f"/api/v1/sources/{uuid4()}/fetch").status == 404
    assert rest("GET", f"/api/v1/sources/{uuid4()}/schedule").status == 404


@pytest.mark.parametrize(
    ("schedule", "pointer"),
    [
        ({"kind": "cron", "expression": "61 * * * *"}, "/schedule/expression"),
        ({"kind": "cron", "expression": "* * * * *", "timezone": "Mars"}, "/schedule/timezone"),
        ({"kind": "interval", "every_seconds": 0}, "/schedule/every_seconds"),
        ({"kind": "interval"}, "/schedule/every_seconds"),
        ({"kind": "never"}, "/schedule/kind"),
        ("hourly", "/schedule"),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_kept_is_pointed_at(
    rest: Rest, schedule: object, pointer: str
) -> None:
    body = {"name": "A", "url": "https://f.example.org/a", "schedule": schedule}
    reply = rest("POST", "/api/v1/sources", body)
    assert (reply.status, reply.pointers) == (422, {pointer})
    assert rest("GET", "/api/v1/sources").json["items"] == []


def test_the_response_to_an_edited_schedule_shows_the_new_plan(rest: Rest) -> None:
    made = source(rest)
    patch = {"schedule": {"kind": "cron", "expression": "0 0 1 1 *"}}
    reply = rest("PATCH", made.location, patch, headers={"If-Match": made.etag})
    assert reply.json["state"]["next_poll_at"][5:16] == "01-01T00:00"
    bad = {"schedule": {"expression": "0 0 31 2 *"}}
    assert rest("PATCH", made.location, bad, headers={"If-Match": "*"}).status == 422
    assert rest("GET", made.location).json["schedule"]["expression"] == "0 0 1 1 *"


def test_a_poll_changes_the_etag_but_not_the_version(rest: Rest) -> None:
    made = source(rest)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("UPDATE source_states SET status = 'ok', polls = 1")
    seen = rest("GET", made.location, headers={"If-None-Match": made.etag})
    assert (seen.status, seen.json["state"]["status"], seen.json["version"]) == (200, "ok", 1)
    patch = rest("PATCH", made.location, {"name": "B"}, headers={"If-Match": made.etag})
    assert patch.status == 200


def test_only_a_job_that_waits_may_be_changed(rest: Rest) -> None:
    made = rest.create("jobs", kind="extract")
    cancelled = rest("PATCH", made.location, {"status": "cancelled"}, headers={"If-Match": '"1"'})
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert rest("PATCH", made.location, {"priority": 1}, headers={"If-Match": "*"}).status == 409
    again = rest("PATCH", made.location, {"status": "queued"}, headers={"If-Match": "*"})
    assert again.status == 422


def test_mentions_of_a_document_are_listed_with_what_they_mention(rest: Rest) -> None:
    made = source(rest)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        row = connection.execute(
            "INSERT INTO documents (source_id, external_id, content_hash) VALUES (%s, 'x', %s)"
            " RETURNING id",
            (made.json["id"], "0" * 64),
        ).fetchone()
        assert row is not None
        document = row[0]
        entity = rest.create("entities", name="Ada", type="person").json["id"]
        connection.execute(
            "INSERT INTO mentions (document_id, revision, entity_id, role)"
            " VALUES (%s, 1, %s, 'author')",
            (document, entity),
        )
    path = f"/api/v1/documents/{document}/mentions"
    (mention,) = rest("GET", path).json["items"]
    assert mention["entity"] == {"id": entity, "name": "Ada", "type": "person"}
    assert mention["role"] == "author"
    assert rest("GET", path, query={"role": "publisher"}).json["items"] == []
    assert rest("GET", path, query={"document_id": "x"}).status == 422
    assert rest("GET", f"/api/v1/documents/{uuid4()}/mentions").status == 404
    assert rest("GET", "/api/v1/documents/x/mentions").status == 404


def test_readiness_shows_each_dependency(rest: Rest) -> None:
    reply = rest("GET", "/health/ready", token=None)
    assert (reply.status, reply.json["status"]) == (200, "ok")
    assert reply.json["dependencies"]["postgres"]["state"] == "ok"


def test_readiness_is_emitted_as_a_metric_too(
    rest: Rest, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {"neo4j_uri": "bolt://127.0.0.1:1"}
    rest.parts.settings = rest.parts.settings.model_copy(update=nowhere)
    rest("GET", "/health/ready", token=None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ready = {line["dependency"]: line["dependency_ready"] for line in lines if "_aws" in line}
    assert (ready["postgres"], ready["graph"]) == (1, 0)


def test_readiness_is_degraded_without_the_graph_and_503_without_postgres(rest: Rest) -> None:
    settings = rest.parts.settings
    nowhere = {"neo4j_uri": "bolt://127.0.0.1:1", "relay_queue_url": "http://127.0.0.1:1/q"}
    rest.parts.settings = settings.model_copy(update=nowhere)
    reply = rest("GET", "/health/ready", token=None)
    assert (reply.status, reply.json["status"]) == (200, "degraded")
    states = {name: one["state"] for name, one in reply.json["dependencies"].items()}
    assert states == {"postgres": "ok", "queues": "down", "graph": "down"}
    rest.parts.settings = settings.model_copy(
        update={"database_url": "postgresql://x@127.0.0.1:1/x"}
    )
    gone = rest("GET", "/health/ready", token=None)
    assert (gone.status, gone.headers["Retry-After"]) == (503, ["2"])
    assert gone.json["dependencies"]["postgres"]["state"] == "down"
