"""Any bad body gets a 4xx that points at the fault, never a 500, on every operation."""

import json

import pytest

from groundwork_functions.rest_api.handler import router

from .conftest import Rest

ID = "0190b9d0-0000-7000-8000-000000000000"
OTHERWISE = {
    "/api/v1/deliveries/callbacks",
    "/api/v1/push/<callback_id>",
    "/api/v1/sources/import",
}
"""Callbacks are decoded after their signature is verified, and pushes of hubs and lists of sources
are not JSON; test_callback_signatures.py, test_pushes.py and test_lists_of_sources.py send them
bad input."""
WRITES = [
    (one.method, one.path)
    for one in router.operations
    if one.method in ("POST", "PATCH") and one.path not in OTHERWISE
]
# Acts take no body: nothing, and null, are right there and wrong elsewhere.
ACTS = (
    "/fetch",
    "/publish",
    "/archive",
    "/revoke",
    "/rotate",
    "/cancel",
    "/split",
    "<job_id>/replay",
    "<schedule_id>/run",
    "<webhook_id>/enable",
    "<webhook_id>/test",
)
WITH_BODY = [(method, path) for method, path in WRITES if not path.endswith(ACTS)]
NOT_JSON = {
    "half": "{",
    "words": "hello",
    "NaN": '{"name":NaN}',
    "a number without end": '{"confidence":1e999}',
    "a digit too many": '{"priority":' + "9" * 5_000 + "}",
    "twice": '{"name":"a","name":"b"}',
    "deep": "[" * 10_000,
    "deep and closed": '{"attributes":' + '{"a":' * 10_000 + "1" + "}" * 10_001,
    "a lone surrogate": '{"name":"\\ud800"}',
}
BROKEN_RULES: dict[str, object] = {
    "a list": [],
    "a number": 5,
    "an unknown field": {"nope": 1},
    "what only we write": {"id": ID, "version": 7, "created_at": "2026-01-01T00:00:00Z"},
    "numbers for words": {"name": 1, "kind": 1, "from_id": 1, "title": 1, "nope": 1},
    "words for numbers": {"confidence": "0.5", "priority": "1", "published_at": "x", "url": 5},
    "nulls": {"name": None, "type": None, "kind": None, "nope": None},
    "a huge number": {"confidence": 10**300, "priority": 10**30, "nope": 1},
    "NUL": {"name": "a\x00b", "kind": "a\x00", "type": "A\x00", "title": "\x00", "url": "\x00"},
}


def path_of(path: str) -> str:
    return "/".join(ID if part.startswith("<") else part for part in path.split("/"))


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_a_body_that_is_not_json_is_400(
    shared_rest: Rest, method: str, path: str, body: str
) -> None:
    reply = shared_rest(method, path_of(path), body, headers={"If-Match": "*"})
    assert (reply.status, reply.json["type"]) == (400, "/problems/not-json"), reply.text


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("body", BROKEN_RULES.values(), ids=BROKEN_RULES)
def test_an_input_that_breaks_a_rule_is_422_with_a_pointer(
    shared_rest: Rest, method: str, path: str, body: object
) -> None:
    text = json.dumps(body)
    reply = shared_rest(method, path_of(path), text, headers={"If-Match": "*"})
    assert reply.status == 422, reply.text
    assert reply.json["errors"]


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_no_body_is_400_and_null_is_422(shared_rest: Rest, method: str, path: str) -> None:
    nothing = shared_rest(method, path_of(path), "", headers={"If-Match": "*"})
    assert (nothing.status, nothing.json["type"]) == (400, "/problems/not-json"), nothing.text
    null = shared_rest(method, path_of(path), "null", headers={"If-Match": "*"})
    assert null.status == 422, null.text
    assert null.json["errors"]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_another_media_type_is_415(shared_rest: Rest, method: str, path: str) -> None:
    headers = {"If-Match": "*", "Content-Type": "text/xml"}
    reply = shared_rest(method, path_of(path), "<a/>", headers=headers)
    assert reply.status == 415


@pytest.mark.parametrize(
    "attributes",
    [
        {"a\x00": 1},
        {"a": "\x00"},
        {"a": ["\x00"]},
        {"a": 10**400},
        json.loads('{"a":' * 150 + "1" + "}" * 150),
        {"x" * 100_000: "y" * 100_000},
    ],
    ids=["NUL in a name", "NUL", "NUL in a list", "huge number", "150 deep", "long"],
)
def test_any_json_in_attributes_is_stored_or_refused_with_422(
    shared_rest: Rest, attributes: dict[str, object]
) -> None:
    body = {"name": "x", "type": "topic", "attributes": attributes}
    reply = shared_rest("POST", "/api/v1/entities", body)
    assert reply.status in (201, 422), reply.text
    if reply.status == 201:
        assert shared_rest("GET", reply.location).json["attributes"] == attributes
    elif "\x00" in str(attributes) or "\\x00" in str(attributes):
        assert reply.json["errors"][0]["pointer"].startswith("/attributes")


def test_a_name_too_long_for_its_index_is_refused(shared_rest: Rest) -> None:
    body = {"name": "漢" * 1_000, "type": "topic", "key": "".join(map(chr, range(20_000, 21_000)))}
    assert shared_rest("POST", "/api/v1/entities", body).status in (201, 422)


@pytest.mark.parametrize("tail", ["1", "None", "%00", "' OR 1=1", ID + "x", "x" * 10_000, "é"])
def test_a_malformed_id_finds_nothing(shared_rest: Rest, tail: str) -> None:
    for path in ("entities", "sources", "documents", "jobs", "relationships"):
        for method in ("GET", "PATCH", "DELETE"):
            body: object = {} if method == "PATCH" else None
            reply = shared_rest(method, f"/api/v1/{path}/{tail}", body, headers={"If-Match": "*"})
            assert reply.status == 404
