"""Any JSON of a client has a bound, alone and together."""

from typing import Any

import pytest

from groundwork_core.resources.bounded_json import JSON_BYTES_MAX

from .conftest import Rest
from .long_things import made, short
from .test_long_responses import ANSWER_BYTES_MAX, sent

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
def test_json_just_below_the_bound_is_stored_and_listed(shared_rest: Rest, what: str) -> None:
    reply = made(shared_rest, "entities", attributes=FITS[what])
    assert reply.status == 201, reply.text[:300]
    assert sent(shared_rest("GET", "/api/v1/entities").text) < ANSWER_BYTES_MAX


@pytest.mark.parametrize("resource", FREE)
def test_patches_together_cannot_exceed_the_bound_of_a_field(rest: Rest, resource: str) -> None:
    field, half = FREE[resource], "x" * 600_000
    reply = made(rest, resource, **{field: {"a": half}})
    place, etag = reply.location, reply.etag
    patch = {field: {"b": half}}
    refused = rest("PATCH", place, patch, headers={"If-Match": etag})
    assert (refused.status, refused.pointers) == (422, {f"/{field}"}), refused.text[:300]
    assert rest("GET", place).etag == etag


def test_items_of_one_request_together_cannot_exceed_the_bound(rest: Rest) -> None:
    item = {"name": "n", "type": "topic", "key": "k"}
    items = [{**item, "attributes": {name: "x" * 600_000}} for name in "ab"]
    reply = rest("POST", "/api/v1/entities/bulk", {"items": items})
    assert (reply.status, reply.pointers) == (422, {"/attributes"})
    assert rest("GET", "/api/v1/entities").json["items"] == []


def test_an_item_that_is_too_long_does_not_affect_other_items(rest: Rest) -> None:
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
def test_a_text_is_measured_as_json_escapes_it(
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
