"""Nothing is stored that is too long for a list; what is refused leaves no trace."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from groundwork_core.resources.bounded_json import JSON_BYTES_MAX
from groundwork_core.resources.resource import Resource
from groundwork_data.postgres.special_sql import special_of
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.resources import ResourceRoutes

from ....security.operations import Operation, every_operation
from .conftest import Rest
from .test_long_answers import ANSWER_BYTES_MAX, sent

MB9 = 9_000_000
OPERATIONS = [
    one
    for one in every_operation()
    if one.path.startswith("/api/v1/") and "/auth/" not in one.path and one.sent("", "").body
]
FREE = {
    "entities": "attributes",
    "relationships": "attributes",
    "jobs": "payload",
    "configurations": "value",
    "preferences": "value",
    "contents": "metadata",
    "distributions": "spec",
}
"""Any JSON, by the resource that keeps it."""


def filled(operation: Operation, pointer: str, value: object) -> Any:
    """The operation's example with a value in one place."""
    body = operation.sent("", "").body
    *before, last = pointer.split("/")[1:]
    place = body
    for part in before:
        if isinstance(place, list):
            place = place[int(part)]
        elif isinstance(place.get(part), dict | list):
            place = place[part]
        else:
            place = place.setdefault(part, {})
    if isinstance(place, list):
        place[:] = [value]
    else:
        place[last] = value
    return body


def lists(rest: Rest) -> dict[str, int]:
    """Return the number of items of each list; fail if a list cannot be read."""
    found = {}
    for one in every_operation():
        if one.name.startswith("list") and "{" not in one.path:
            reply = rest("GET", one.path, query={"limit": "200"})
            assert reply.status == 200, (one.path, reply.text)
            assert sent(reply.text) < ANSWER_BYTES_MAX, one.path
            found[one.path] = len(reply.json["items"])
    return found


@pytest.fixture(scope="module")
def before(shared_rest: Rest) -> dict[str, int]:
    return lists(shared_rest)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nine_megabytes_in_any_field_are_refused(
    shared_rest: Rest, before: dict[str, int], operation: Operation
) -> None:
    request = operation.sent("", "")
    headers = {"If-Match": "*"} if "If-Match" in request.headers else {}
    bodies = [f"body {pointer}" for pointer in operation.pointers() if pointer]
    assert bodies
    for place in bodies:
        pointer = place.removeprefix("body ")
        for value in ("x" * MB9, {"x": "y" * MB9}):
            body = filled(operation, pointer, value)
            reply = shared_rest(operation.method, request.path, body, headers=headers)
            refused = {one["status"] for one in reply.json.get("results", [])} == {422}
            # What a result may hold depends on its job, and this job does not exist.
            unknown = operation.name == "handInJobResult" and reply.status == 404
            assert reply.status in (413, 422) or refused or unknown, (pointer, reply.text[:300])
    after = lists(shared_rest)
    after["/api/v1/audit-events"] = before["/api/v1/audit-events"]
    assert after == before


def short(body: object) -> str:
    """JSON without what it need not have, so that bodies are no longer than routes take."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def made(rest: Rest, resource: str, **fields: object) -> Any:
    """One of a resource, with what it needs."""
    needed: dict[str, Any] = {
        "entities": {"name": "n", "type": "topic"},
        "jobs": {"kind": "review"},
        "configurations": {"key": "k"},
        "preferences": {"key": "k"},
        "contents": {"title": "t"},
    }
    if resource == "relationships":
        ends = [rest.create("entities", name="e", type="topic").json["id"] for _ in range(2)]
        needed[resource] = {"from_id": ends[0], "to_id": ends[1], "type": "USES"}
    if resource == "distributions":
        content = rest.create("contents", title="t").json["id"]
        needed[resource] = {"content_id": content, "channel": "mail", "status": "draft"}
    return rest("POST", f"/api/v1/{resource}", short({**needed[resource], **fields}))


TOO_LONG: dict[str, Any] = {
    "text": {"a": "x" * JSON_BYTES_MAX},
    "numbers that Postgres writes out": {"a": [1e307] * 5_000},
    "small numbers": {"a": [1e-300] * 5_000},
    "blanks that Postgres writes": {"a": [1] * 400_000},
    "control characters": {"a": "\x01" * 170_000},
}
FITS: dict[str, Any] = {
    "text": {"a": "x" * (JSON_BYTES_MAX - 9)},
    "letters of three bytes": {"a": "漢" * 300_000},
    "what looks like exponents": {"a": "1e999" * 100_000},
}


@pytest.mark.parametrize("what", TOO_LONG)
@pytest.mark.parametrize("resource", FREE)
def test_a_megabyte_of_any_json_is_refused_with_a_pointer(
    shared_rest: Rest, resource: str, what: str
) -> None:
    field = FREE[resource]
    reply = made(shared_rest, resource, **{field: TOO_LONG[what]})
    assert (reply.status, reply.pointers) == (422, {f"/{field}"}), reply.text[:300]


@pytest.mark.parametrize("what", FITS)
def test_a_little_less_is_kept_and_listed(shared_rest: Rest, what: str) -> None:
    reply = made(shared_rest, "entities", attributes=FITS[what])
    assert reply.status == 201, reply.text[:300]
    assert sent(shared_rest("GET", "/api/v1/entities").text) < ANSWER_BYTES_MAX


@pytest.mark.parametrize("resource", FREE)
def test_patches_do_not_add_up_to_more(rest: Rest, resource: str) -> None:
    field, half = FREE[resource], "x" * 600_000
    reply = made(rest, resource, **{field: {"a": half}})
    place, etag = reply.location, reply.etag
    patch = {field: {"b": half}}
    refused = rest("PATCH", place, patch, headers={"If-Match": etag})
    assert (refused.status, refused.pointers) == (422, {f"/{field}"}), refused.text[:300]
    assert rest("GET", place).etag == etag


def test_items_of_one_request_do_not_add_up_to_more(rest: Rest) -> None:
    item = {"name": "n", "type": "topic", "key": "k"}
    items = [{**item, "attributes": {name: "x" * 600_000}} for name in "ab"]
    reply = rest("POST", "/api/v1/entities/bulk", {"items": items})
    assert (reply.status, reply.pointers) == (422, {"/attributes"})
    assert rest("GET", "/api/v1/entities").json["items"] == []


def test_an_item_that_is_too_long_keeps_no_other_from_being_done(rest: Rest) -> None:
    items = [{"name": name, "type": "topic"} for name in "ab"]
    items[0]["attributes"] = TOO_LONG["text"]
    results = rest("POST", "/api/v1/entities/bulk", {"items": items}).json["results"]
    assert [one["status"] for one in results] == [422, 201]


def test_the_longest_content_and_document_are_listed(rest: Rest) -> None:
    source = rest.create("sources", name="s", url="https://s.example/").json["id"]
    for letter, length in (("x", 1_000_000), ("é", 1_000_000), ('"', 1_000_000)):
        rest.create("contents", title="t", body=letter * length)
        url = f"https://s.example/{ord(letter)}"
        rest.create("documents", source_id=source, url=url, title="t", content=letter * length)
    for resource in ("contents", "documents"):
        reply = rest("GET", f"/api/v1/{resource}")
        assert sent(reply.text) < ANSWER_BYTES_MAX
        for item in reply.json["items"]:
            one = rest("GET", f"/api/v1/{resource}/{item['id']}")
            assert sent(one.text) < ANSWER_BYTES_MAX
    for path in ("audit-events", "contents"):
        assert sent(rest("GET", f"/api/v1/{path}").text) < ANSWER_BYTES_MAX


@pytest.mark.parametrize(
    ("resource", "fields", "pointer"),
    [
        ("contents", {"body": "\U0001f600" * 700_000}, "/body"),
        ("contents", {"body": "\x01" * 500_000}, "/body"),
        ("contents", {"body": "é" * 1_000_000, "metadata": {"a": "x" * 900_000}}, "/body"),
    ],
    ids=["letters of four bytes", "control characters", "beside metadata"],
)
def test_a_text_is_measured_as_it_is_answered(
    shared_rest: Rest, resource: str, fields: dict[str, Any], pointer: str
) -> None:
    reply = made(shared_rest, resource, **fields)
    assert (reply.status, reply.pointers) == (422, {pointer}), reply.text[:300]


def test_a_document_has_one_bound_for_summary_and_content(rest: Rest) -> None:
    source = rest.create("sources", name="s", url="https://s.example/").json["id"]
    body = {"source_id": source, "url": "https://s.example/1", "title": "t"}
    texts = {"summary": "漢" * 500_000, "content": "字" * 500_000}
    reply = rest("POST", "/api/v1/documents", short({**body, **texts}))
    assert (reply.status, reply.pointers) == (422, {"/content"}), reply.text[:300]


def shown_columns() -> Iterator[tuple[str, str]]:
    """Return every table and column that a resource shows."""
    found: dict[str, Resource] = {}
    for one in router.operations:
        routes = getattr(one.handler, "__self__", None)
        if isinstance(routes, ResourceRoutes):
            found[routes.resource.name] = routes.resource
    assert len(found) > 14
    for name, resource in found.items():
        computed = special_of(name).computed
        for column in resource.columns:
            if column not in computed:
                yield name.replace("-", "_"), column


BOUND_OTHERWISE = {
    ("audit_events", "before"): "made of rows that are bounded",
    ("audit_events", "after"): "the same",
    ("audit_events", "detail"): "names of columns",
    ("audit_events", "actor"): "an id",
    ("audit_events", "address"): "an address",
    ("audit_events", "request_id"): "an id of the gateway's",
    ("audit_events", "subject_type"): "a table's name",
    ("api_keys", "scopes"): "permissions that there are",
    ("roles", "permissions"): "permissions that there are",
    ("embeddings", "model"): "a name that embedding_models has",
    ("users", "roles"): "fifty names of roles",
    ("sources", "tags"): "fifty words",
    ("webhooks", "events"): "a hundred words",
    ("relationships", "type"): "a pattern",
}


def test_the_database_bounds_every_column_that_an_answer_shows(shared_rest: Rest) -> None:
    with psycopg.connect(shared_rest.url) as connection:
        types = {
            (table, column): kind
            for table, column, kind in connection.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            )
        }
        rules = connection.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid), convalidated"
            " FROM pg_constraint WHERE contype = 'c'"
        ).fetchall()
    long = {"text", "jsonb", "ARRAY"}
    unbound = []
    for table, column in shown_columns():
        if types[table, column] not in long or (table, column) in BOUND_OTHERWISE:
            continue
        said = [rule for of, rule, valid in rules if of == table and valid and column in rule]
        bounds = ("length(", "octet_length(", " = ANY ", " ~ ", "schedule ->> 'kind'")
        if not any(bound in rule for rule in said for bound in bounds):
            unbound.append(f"{table}.{column}")
    assert unbound == []


@pytest.mark.parametrize(
    ("table", "column"),
    [("entities", "attributes"), ("jobs", "result"), ("jobs", "payload"), ("contents", "metadata")],
)
def test_what_does_not_come_through_the_api_is_bounded_too(
    shared_rest: Rest, table: str, column: str
) -> None:
    made(shared_rest, table)
    with (
        psycopg.connect(shared_rest.url) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match=f"ck_{table}_{column}_bytes"),
    ):
        connection.execute(
            f"UPDATE {table} SET {column} = %s", [json.dumps({"a": "x" * JSON_BYTES_MAX})]
        )


def test_all_fields_together_are_bounded_before_anything_is_kept(rest: Rest) -> None:
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE contents DROP CONSTRAINT ck_contents_body_bytes")
    body, more = "é" * 1_000_000, {"a": "x" * 990_000}
    reply = made(rest, "contents", body=body, metadata=more)
    assert (reply.status, reply.pointers) == (422, {""}), reply.text[:300]
    assert rest("GET", "/api/v1/contents").json["items"] == []


def test_without_any_bound_a_thing_breaks_its_list(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guards taken away."""
    with psycopg.connect(rest.url, autocommit=True) as connection:
        for rule in ("body", "metadata"):
            connection.execute(f"ALTER TABLE contents DROP CONSTRAINT ck_contents_{rule}_bytes")
        connection.execute(
            "CREATE OR REPLACE FUNCTION groundwork_answerable(shown text) RETURNS text"
            " LANGUAGE sql AS 'SELECT shown'"
        )
    monkeypatch.setattr("groundwork_core.resources.bounded_json.json_bytes", lambda *_texts: 0)
    assert made(rest, "contents", body="\x01" * 1_000_000).status == 201
    assert sent(rest("GET", "/api/v1/contents").text) > ANSWER_BYTES_MAX
