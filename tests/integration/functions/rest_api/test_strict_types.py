"""A value of the wrong type is refused in every body; all times follow one rule."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ....security.operations import Operation, every_operation
from .conftest import Rest

ELSEWHERE = {"schedule"}
"""Checked by a test of its own: a change is merged before it is looked at."""
ANY_JSON = {"attributes", "enum", "payload", "value", "spec", "metadata"}
# Callbacks are refused before they are decoded; test_callbacks.py sends signed ones.
NOT_OURS = ("/api/v1/auth/", "/graphql", "/api/v1/deliveries/callbacks")
TIMES = {
    "2026-01-01T00:00:00+01:00": "2025-12-31T23:00:00+00:00",
    "2026-01-01T00:00:00Z": "2026-01-01T00:00:00+00:00",
    "2026-01-01t00:00:00z": "2026-01-01T00:00:00+00:00",
    "2026-01-01T00:00:00-0230": "2026-01-01T02:30:00+00:00",
    "2026-01-01T00:00:00": "2026-01-01T00:00:00+00:00",
    "2026-01-01 00:00": "2026-01-01T00:00:00+00:00",
    "2026-01-01T00:00:00.5Z": "2026-01-01T00:00:00.5+00:00",
    "2026-01-01": "2026-01-01T00:00:00+00:00",
    "2026-01-01T00:00:00 01:00": "2025-12-31T23:00:00+00:00",
}
NO_TIMES = [
    "1767225600",
    "20260101",
    "-1",
    "2026-W01-1",
    "2026-13-01",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00+25:00",
    "2026-01-01T00:00:00Z01:00",
    "2026-01-01T00:00:00+",
    "2026-01-01T",
    "0000-01-01",
    "0001-01-01T00:00:00+01:00",
    " 2026-01-01",
    "today",
    "",
]


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a body that are neither objects nor arrays, where their type is said."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name not in ANY_JSON | ELSEWHERE:
                yield from leaves(one, f"{pointer}/{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value[:1]):
            yield from leaves(one, f"{pointer}/{number}")
    elif value is not None:
        yield pointer, value


def others(value: Any) -> list[Any]:
    """Values that mean the same to a reader that guesses."""
    if isinstance(value, bool):
        return [int(value), str(value).lower()]
    if isinstance(value, int | float):
        return [True, str(value)]
    return [1, True]


def replaced(body: Any, pointer: str, value: Any) -> Any:
    changed = copy.deepcopy(body)
    *before, last = pointer.split("/")[1:]
    place = changed
    for part in before:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[int(last) if isinstance(place, list) else last] = value
    return changed


OPERATIONS = [
    one
    for one in every_operation()
    if one.sent("none", "").body and not one.path.startswith(NOT_OURS)
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_a_value_of_another_type_is_refused(shared_rest: Rest, operation: Operation) -> None:
    sent = operation.sent("none", "")
    headers = {"If-Match": "*"} if "If-Match" in sent.headers else {}
    found = list(leaves(sent.body))
    for pointer, value in found:
        for other in others(value):
            body = replaced(sent.body, pointer, other)
            reply = shared_rest(operation.method, sent.path, body, headers=headers)
            if reply.status == 200:  # many in one request: the pointer goes into the item
                (result,) = reply.json["results"]
                pointers = {f"/items/0{one['pointer']}" for one in result["error"]["errors"]}
            else:
                assert reply.status == 422, (pointer, other, reply.text)
                pointers = reply.pointers
            assert pointer in pointers, other
    assert found


@pytest.mark.parametrize(
    ("schedule", "pointer"),
    [
        ({"kind": "interval", "every_seconds": True}, "every_seconds"),
        ({"kind": "interval", "every_seconds": "900"}, "every_seconds"),
        ({"kind": "adaptive", "min_seconds": True, "max_seconds": 900}, "min_seconds"),
        ({"kind": "adaptive", "min_seconds": 300, "max_seconds": "900"}, "max_seconds"),
        ({"kind": "cron", "expression": 5, "timezone": "UTC"}, "expression"),
        ({"kind": "cron", "expression": "* * * * *", "timezone": True}, "timezone"),
    ],
)
def test_a_schedule_has_strict_types_when_made_and_when_changed(
    shared_rest: Rest, schedule: dict[str, object], pointer: str
) -> None:
    body = {"name": "t", "url": "https://blog.example/f", "schedule": schedule}
    assert f"/schedule/{pointer}" in shared_rest("POST", "/api/v1/sources", body).pointers
    name = json.dumps(schedule).encode().hex()
    made = shared_rest.create("sources", name="t", url=f"https://blog.example/{name}")
    changed = shared_rest(
        "PATCH", made.location, {"schedule": schedule}, headers={"If-Match": made.etag}
    )
    assert (changed.status, changed.pointers) == (422, {f"/schedule/{pointer}"}), changed.text


def test_a_whole_number_may_be_written_as_a_float(shared_rest: Rest) -> None:
    schedule = {"kind": "interval", "every_seconds": 900.0}
    made = shared_rest.create("sources", name="p", url="https://point.example/", schedule=schedule)
    assert made.json["schedule"]["every_seconds"] == 900


@pytest.mark.parametrize(("text", "moment"), TIMES.items())
def test_query_parameters_accept_the_same_times_as_bodies(
    shared_rest: Rest, text: str, moment: str
) -> None:
    source = shared_rest.create("sources", name="q", url=f"https://q.example/{text.encode().hex()}")
    body = {"source_id": source.json["id"], "url": "https://q.example/1", "title": "t"}
    made = shared_rest.create("documents", **body, published_at=text)
    assert made.json["published_at"] == moment
    within = {"source_id": source.json["id"]}
    for bound, found in (("published_after", 0), ("published_before", 0)):
        reply = shared_rest("GET", "/api/v1/documents", query={**within, bound: text})
        assert (reply.status, len(reply.json["items"])) == (200, found), reply.text


@pytest.mark.parametrize("text", NO_TIMES)
def test_query_parameters_refuse_the_same_times_as_bodies(shared_rest: Rest, text: str) -> None:
    body = {"name": "n", "scopes": ["users:read"], "expires_at": text}
    assert shared_rest("POST", "/api/v1/api-keys", body).pointers == {"/expires_at"}
    reply = shared_rest("GET", "/api/v1/documents", query={"published_after": text})
    assert (reply.status, reply.pointers) == (422, {"/published_after"})


@pytest.mark.parametrize("number", ["1_0", " 1", "\u0661", "inf", "nan", "0x1", "1e9999", "+1", ""])
def test_a_number_in_a_query_is_written_as_in_json(shared_rest: Rest, number: str) -> None:
    reply = shared_rest("GET", "/api/v1/entities", query={"min_confidence": number})
    assert (reply.status, reply.pointers) == (422, {"/min_confidence"})
