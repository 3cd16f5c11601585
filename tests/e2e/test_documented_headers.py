"""Every operation sends exactly the headers that the OpenAPI document shows."""

import copy
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.child_instance import Instance

Document = dict[str, Any]
Exchange = tuple[str, str, httpx2.Response]
"""A method, a path as the document writes it, and a response."""
LIMITS = {
    "RateLimit",
    "RateLimit-Policy",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
}
ENDS_THE_SESSION = {"/api/v1/auth/logout-everywhere"}
RIGHT_BODIES = {"/graphql": {"query": "{ __typename }"}}


def operations(document: Document) -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        for method in item:
            yield method, path


def lies(document: Document, answers: Iterator[Exchange] | list[Exchange]) -> set[str]:
    """Return the differences between documented and sent headers."""
    known = document["components"]["headers"]
    found = set()
    for method, path, answer in answers:
        place = f"{method} {path} {answer.status_code}"
        shown = document["paths"][path][method]["responses"].get(str(answer.status_code))
        if shown is None:
            found.add(f"{place} is not shown")
            continue
        if "$ref" in shown:
            shown = document["components"]["responses"][shown["$ref"].rpartition("/")[2]]
        declared = set(shown["headers"])
        sent = {name for name in known if name in answer.headers}
        promised = {name for name in declared if known[name].get("required")}
        if answer.status_code < 400:
            promised |= declared & LIMITS
        found |= {f"{place}: {name} is not shown" for name in sent - declared}
        found |= {f"{place}: {name} is not sent" for name in promised - sent}
    return found


@pytest.fixture(scope="module")
def document(instance: Instance) -> Document:
    shown: Document = httpx2.get(f"{instance.url}/openapi.json").json()
    return shown


@pytest.fixture(scope="module")
def answers(instance: Instance, document: Document) -> list[Exchange]:
    """Every operation, by somebody and by nobody; and one thing's whole life."""
    with instance.client() as admin, httpx2.Client(base_url=instance.url) as nobody:
        return [*_everything(document, admin, nobody), *_a_life(admin)]


def _everything(
    document: Document, admin: httpx2.Client, nobody: httpx2.Client
) -> Iterator[Exchange]:
    for method, path in operations(document):
        url = re.sub(r"\{\w+_id\}", str(uuid4()), path).replace("{name}", "swagger-ui.css")
        body = RIGHT_BODIES.get(path, {}) if method in ("post", "patch") else None
        if path not in ENDS_THE_SESSION:
            yield method, path, admin.request(method, url, json=body)
        yield method, path, nobody.request(method, url, json=body)


def _a_life(admin: httpx2.Client) -> Iterator[Exchange]:
    many, one = "/api/v1/configurations", "/api/v1/configurations/{configuration_id}"
    body, again = {"key": f"headers/{uuid4()}", "value": 1}, {"Idempotency-Key": str(uuid4())}
    made = admin.post(many, json=body, headers=again)
    place, etag = made.headers["Location"], made.headers["ETag"]
    yield "post", many, made
    yield "post", many, admin.post(many, json=body, headers=again)
    yield "post", many, admin.post(many, json=body)
    yield "post", many, admin.post(many, content=b"{")
    yield "post", many, admin.post(many, content=b"{}", headers={"Content-Type": "text/plain"})
    yield "get", one, admin.get(place)
    yield "get", one, admin.get(place, headers={"If-None-Match": etag})
    yield "patch", one, admin.patch(place, json={"value": 2}, headers={"If-Match": '"9"'})
    yield "patch", one, admin.patch(place, json={"value": 2}, headers={"If-Match": etag})
    yield "delete", one, admin.delete(place, headers={"If-Match": "*"})


def test_headers_are_sent_as_they_are_shown(document: Document, answers: list[Exchange]) -> None:
    statuses = {answer.status_code for _, _, answer in answers}
    assert statuses >= {200, 201, 204, 304, 400, 401, 404, 409, 412, 415, 422, 428}
    assert {(method, path) for method, path, _ in answers} == set(operations(document))
    assert lies(document, answers) == set()


def test_a_header_that_is_not_shown_would_be_noticed(
    document: Document, answers: list[Exchange]
) -> None:
    for name in ("RateLimit", "ETag", "Location", "WWW-Authenticate", "X-Groundwork-Position"):
        lying = copy.deepcopy(document)
        responses = [
            *lying["components"]["responses"].values(),
            *(
                answer
                for item in lying["paths"].values()
                for operation in item.values()
                for answer in operation["responses"].values()
            ),
        ]
        for answer in responses:
            answer.get("headers", {}).pop(name, None)
        found = lies(lying, answers)
        assert found
        assert all(f": {name} is not shown" in lie for lie in found)


def test_a_header_that_is_only_shown_would_be_noticed(
    document: Document, answers: list[Exchange]
) -> None:
    lying = copy.deepcopy(document)
    page = lying["paths"]["/api/v1/entities"]["get"]["responses"]["200"]
    page["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    docs = lying["paths"]["/docs"]["get"]["responses"]["200"]
    docs["headers"]["RateLimit"] = {"$ref": "#/components/headers/RateLimit"}
    assert lies(lying, answers) == {
        "get /api/v1/entities 200: ETag is not sent",
        "get /docs 200: RateLimit is not sent",
    }


def test_a_wrong_method_is_405_with_the_allowed_methods(
    instance: Instance, document: Document
) -> None:
    shown = document["components"]["responses"]["method-not-allowed"]["headers"]
    for method, path in (("PUT", "/api/v1/entities"), ("DELETE", "/api/v1/auth/login")):
        answer = httpx2.request(method, instance.url + path)
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]
        assert [name for name in LIMITS if name in answer.headers or name in shown] == []
