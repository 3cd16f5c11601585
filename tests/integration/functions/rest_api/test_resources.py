"""Create, read, list, change and delete resources."""

import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_core.errors import VersionMismatch
from groundwork_core.knowledge.resources import ENTITIES, EntityPatch
from groundwork_core.resources.writing import Expected, change
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.resources import PostgresResources
from groundwork_data.secret_credentials import FixedUrl

from .conftest import Rest

PERSON = {"name": "Ada", "type": "person"}
NEW: dict[str, dict[str, Any]] = {
    "entities": PERSON,
    "sources": {"name": "A feed", "url": "https://feeds.example.org/a"},
    "jobs": {"kind": "extract", "payload": {"n": 1}},
    "configurations": {"key": "a.b", "value": [1, None, "x"], "description": "What for."},
    "preferences": {"key": "theme", "value": "dark"},
}
PATCHES: dict[str, dict[str, Any]] = {
    "entities": {"name": "Ada Lovelace"},
    "sources": {"name": "Another name"},
    "jobs": {"priority": 9},
    "configurations": {"value": None},
    "preferences": {"value": False},
}


@pytest.mark.parametrize("resource", NEW)
def test_a_resource_is_created_read_changed_and_removed(rest: Rest, resource: str) -> None:
    created = rest.create(resource, **NEW[resource])
    body = created.json
    assert created.location == f"/api/v1/{resource}/{body['id']}"
    assert created.headers["X-Groundwork-Position"][0].isdigit()
    assert body.items() >= {**NEW[resource], "version": 1}.items()

    read = rest("GET", created.location)
    assert (read.status, read.json, read.etag) == (200, body, created.etag)
    seen = rest("GET", created.location, headers={"If-None-Match": read.etag})
    assert (seen.status, seen.text) == (304, "")

    patched = rest("PATCH", created.location, PATCHES[resource], headers={"If-Match": read.etag})
    assert patched.status == 200
    assert patched.json.items() >= {**PATCHES[resource], "version": 2}.items()
    assert rest("GET", created.location).json == patched.json
    assert rest("GET", created.location, headers={"If-None-Match": read.etag}).status == 200

    stale = rest("DELETE", created.location, headers={"If-Match": read.etag})
    assert stale.status == 412
    gone = rest("DELETE", created.location, headers={"If-Match": patched.etag})
    assert (gone.status, gone.text) == (204, "")
    assert gone.headers["X-Groundwork-Position"][0].isdigit()
    assert rest("GET", created.location).status == 404
    assert rest("DELETE", created.location, headers={"If-Match": "*"}).status == 404


def test_a_relationship_joins_two_entities(rest: Rest) -> None:
    ada = rest.create("entities", **PERSON).json["id"]
    engine = rest.create("entities", name="Analytical Engine", type="product").json["id"]
    made = rest.create("relationships", from_id=ada, to_id=engine, type="WRITES_ABOUT")
    for query in ({"from_id": ada}, {"to_id": engine}, {"entity_id": ada}, {"entity_id": engine}):
        items = rest("GET", "/api/v1/relationships", query=query).json["items"]
        assert [item["id"] for item in items] == [made.json["id"]]
    assert rest("GET", "/api/v1/relationships", query={"to_id": ada}).json["items"] == []
    same = {"from_id": ada, "to_id": engine, "type": "WRITES_ABOUT"}
    again = rest("POST", "/api/v1/relationships", same)
    assert (again.status, again.pointers) == (409, {"/from_id"})


def test_the_error_for_a_missing_end_of_a_relationship_names_it(rest: Rest) -> None:
    ada = rest.create("entities", **PERSON).json["id"]
    body = {"from_id": ada, "to_id": str(uuid4()), "type": "KNOWS"}
    reply = rest("POST", "/api/v1/relationships", body)
    assert (reply.status, reply.pointers) == (422, {"/to_id"})


def test_a_relationship_that_ends_before_it_begins_is_refused(rest: Rest) -> None:
    ada = rest.create("entities", **PERSON).json["id"]
    body = {
        "from_id": ada,
        "to_id": ada,
        "type": "KNOWS",
        "valid_from": "2026-02-01T00:00:00Z",
        "valid_to": "2026-01-01T00:00:00Z",
    }
    reply = rest("POST", "/api/v1/relationships", body)
    assert (reply.status, reply.pointers) == (422, {"/valid_to"})


@pytest.mark.parametrize(("resource", "field"), [("sources", "url"), ("entities", "key")])
def test_a_conflict_names_the_unique_field(rest: Rest, resource: str, field: str) -> None:
    body = {**NEW[resource], field: "https://same.example.org"}
    rest.create(resource, **body)
    reply = rest("POST", f"/api/v1/{resource}", body)
    assert (reply.status, reply.pointers) == (409, {f"/{field}"})


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_needs_if_match_with_the_present_version(rest: Rest, method: str) -> None:
    made = rest.create("entities", **PERSON)
    body = {"name": "x"} if method == "PATCH" else None
    assert rest(method, made.location, body).status == 428
    assert rest(method, made.location, body, headers={"If-Match": '"99"'}).status == 412
    assert rest(method, made.location, body, headers={"If-Match": "garbage"}).status == 412


def test_a_patch_may_be_sent_as_merge_patch(rest: Rest) -> None:
    made = rest.create("entities", **PERSON, attributes={"a": 1, "b": {"c": 1}})
    headers = {"If-Match": made.etag, "Content-Type": "application/merge-patch+json"}
    patch = {"key": None, "attributes": {"a": None, "b": {"d": 2}}}
    reply = rest("PATCH", made.location, patch, headers=headers)
    assert reply.json["attributes"] == {"b": {"c": 1, "d": 2}}


def test_only_one_of_many_writers_changes_a_version(rest: Rest) -> None:
    made = rest.create("entities", **PERSON)
    row_id, expected = UUID(made.json["id"]), Expected(frozenset({1}))
    outcomes: list[str] = []

    def write(number: int) -> None:
        database = Database(rest.url, application_name=f"writer-{number}")
        store = PostgresResources(database.texts, database.write_texts)
        try:
            change(ENTITIES, row_id, expected, EntityPatch(name=f"n{number}"), store=store)
            outcomes.append("won")
        except VersionMismatch:
            outcomes.append("stale")
        finally:
            database.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["stale"] * 11 + ["won"]
    assert rest("GET", made.location).json["version"] == 2


def test_the_position_in_a_response_is_that_of_the_outbox_row_of_the_write(rest: Rest) -> None:
    made = rest.create("entities", **PERSON)
    with psycopg.connect(rest.url) as connection:
        row = connection.execute(
            "SELECT xid::text, aggregate, aggregate_id::text, kind FROM outbox"
            " WHERE aggregate = 'entities'"
        ).fetchone()
    position = made.headers["X-Groundwork-Position"][0]
    assert row == (position, "entities", made.json["id"], "created")


def test_a_read_is_one_round_trip_and_a_list_too(rest: Rest) -> None:
    made = rest.create("sources", **NEW["sources"])
    for number in range(30):
        rest.create("entities", name=f"n{number}", type="topic")
    rest("GET", made.location)
    before = rest.database.statements
    rest("GET", made.location)
    assert rest.database.statements - before == 1
    for path in ("/api/v1/entities", "/api/v1/sources"):
        before = rest.database.statements
        first = rest("GET", path, query={"limit": "10"})
        assert first.status == 200
        assert rest.database.statements - before == 1


def test_a_plain_write_is_one_round_trip(rest: Rest) -> None:
    rest.create("entities", **PERSON)
    before = rest.database.statements
    made = rest.create("entities", **PERSON)
    assert rest.database.statements - before == 1
    rest("PATCH", made.location, {"name": "x"}, headers={"If-Match": made.etag})
    assert rest.database.statements - before == 2


def test_a_request_succeeds_after_the_server_closed_the_connection(rest: Rest) -> None:
    made = rest.create("entities", **PERSON)
    kill = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'test'"
    )
    for method, body, status in (("GET", None, 200), ("PATCH", {"name": "x"}, 200)):
        with psycopg.connect(rest.url, autocommit=True) as connection:
            connection.execute(kill)
        reply = rest(method, made.location, body, headers={"If-Match": made.etag})
        assert reply.status == status


def test_while_the_database_is_down_a_request_gets_503_with_retry_after(rest: Rest) -> None:
    made = rest.create("entities", **PERSON)
    rest.database.close()
    rest.database._server._url = FixedUrl("postgresql://nobody@127.0.0.1:1/none")
    reply = rest("GET", made.location)
    assert (reply.status, reply.headers["Retry-After"]) == (503, ["2"])
    assert rest("GET", "/health/live").status == 200


def test_text_is_stored_as_sent(rest: Rest) -> None:
    words = [
        "'; DROP TABLE entities; --",
        "ünïcödé 漢字 🎉",
        "a\\u0062",
        "%s %(x)s $1",
        "\u202e\u0000"[:1],
    ]
    for word in words:
        made = rest.create("entities", name=word, type="topic", attributes={word: word})
        body = rest("GET", made.location).json
        assert (body["name"], body["attributes"]) == (word, {word: word})
