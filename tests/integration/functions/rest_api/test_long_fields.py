"""Nine megabytes in any field are refused and leave no trace."""

from collections.abc import Iterator
from typing import Any

import pytest

from ....security.operations import Operation, every_operation
from .conftest import Rest
from .test_long_responses import ANSWER_BYTES_MAX, sent

pytestmark = pytest.mark.long

MB9 = 9_000_000
OPERATIONS = [
    one
    for one in every_operation()
    if one.path.startswith("/api/v1/") and "/auth/" not in one.path and one.sent("", "").body
]


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


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_kept(shared_rest: Rest) -> Iterator[None]:
    """Compare the lists before the first and after the last operation."""
    before = lists(shared_rest)
    yield
    after = lists(shared_rest)
    after["/api/v1/audit-events"] = before["/api/v1/audit-events"]
    assert after == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_nine_megabytes_in_any_field_are_refused(shared_rest: Rest, operation: Operation) -> None:
    request = operation.sent("", "")
    headers = {"If-Match": "*"} if "If-Match" in request.headers else {}
    bodies = [f"body {pointer}" for pointer in operation.pointers() if pointer]
    assert bodies
    for place in bodies:
        pointer = place.removeprefix("body ")
        for value in ("x" * MB9, {"x": "y" * MB9}):
            body = filled(operation, pointer, value)
            reply = shared_rest(operation.method, request.path, body, headers=headers)
            found = {one["status"] for one in reply.json.get("results", [])}
            refused = found == {422}
            # What a result may hold depends on its job, and this job does not exist.
            unknown = operation.name.startswith("handInJobResult") and 404 in {reply.status, *found}
            assert reply.status in (413, 422) or refused or unknown, (pointer, reply.text[:300])
