"""The answers of a server to one request of each kind, to check that all servers do the same."""

from __future__ import annotations

import re
from typing import Any

import httpx2

from benchmarks.api.jobs import PATH
from benchmarks.api.servers import Server

NEW = {
    "name": "Compared",
    "type": "topic",
    "confidence": 0.25,
    "aliases": ["a", "b"],
    "attributes": {"rank": 1, "nested": {"x": [1, None]}},
}
OWN = {"id", "created_at", "updated_at"}
"""Fields whose values each server makes by itself."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")

Answer = tuple[int, Any, str | None]


def answers_of(server: Server) -> dict[str, Answer]:
    """Return the status, the body without what differs by nature, and the ETag of each answer."""
    headers = {"Authorization": f"Bearer {server.token}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers) as client:
        key = f"compared-{server.port}"  # the peers share a database, where a key is unique
        created = client.post(PATH, json={**NEW, "key": key})
        place = f"{PATH}/{created.json()['id']}"
        assert created.headers["location"].endswith(place), server.name
        tag = created.headers["etag"]
        answers = {
            "create": created,
            "read": client.get(place),
            "patch": client.patch(place, json={"confidence": 0.5}, headers={"If-Match": tag}),
            "patch of an old version": client.patch(
                place, json={"confidence": 0.75}, headers={"If-Match": tag}
            ),
            "read of nothing": client.get(f"{PATH}/00000000-0000-7000-8000-000000000000"),
            "create of an unknown type": client.post(PATH, json={"name": "x", "type": "?"}),
            "read without a token": client.get(place, headers={"Authorization": "Bearer x.y.z"}),
            "list": client.get(PATH, params={"type": "person", "limit": "50"}),
        }
    return {name: _compared(answer, key) for name, answer in answers.items()}


def check_equal(expected: dict[str, Answer], found: dict[str, Answer], server: str) -> None:
    """Raise ValueError if a server answers otherwise."""
    for name, answer in expected.items():
        if found[name] != answer:
            message = f"{server} answers otherwise, {name}: {found[name]} in place of {answer}"
            raise ValueError(message)


def _compared(answer: httpx2.Response, key: str) -> Answer:
    if answer.is_error:
        return answer.status_code, None, None
    body = answer.json()
    if "items" in body:
        more = body["next_cursor"] is not None
        return answer.status_code, ([_shown(item, key) for item in body["items"]], more), None
    return answer.status_code, _shown(body, key), answer.headers["etag"]


def _shown(item: dict[str, Any], key: str) -> dict[str, Any]:
    for name in ("created_at", "updated_at"):
        if not MOMENT.fullmatch(item[name]):
            message = f"{item[name]} is not a time in UTC"
            raise ValueError(message)
    shown = {name: value for name, value in item.items() if name not in OWN}
    return shown | {"key": "compared"} if shown["key"] == key else shown
