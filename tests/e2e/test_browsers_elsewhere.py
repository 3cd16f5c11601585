"""CORS headers on every kind of answer, of functions and of the gateway itself."""

import httpx2
import pytest
from tests.child_instance import Instance

ORIGIN = "https://app.example.org"
FOREIGN = "https://evil.example.org"
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
JSON = {"Content-Type": "application/json"}
PATH = "/api/v1/configurations"


@pytest.fixture(scope="module")
def answers(instance: Instance) -> dict[str, list[httpx2.Response]]:
    """Responses of every kind, by the origin that asked for them."""
    return {origin: _asked(instance, origin) for origin in (ORIGIN, FOREIGN)}


def _asked(instance: Instance, origin: str) -> list[httpx2.Response]:
    with instance.client() as client:
        client.headers["Origin"] = origin
        made = client.post(PATH, json={"key": f"browsers/{origin}", "value": 1})
        place, etag = made.headers["Location"], made.headers["ETag"]
        return [
            made,
            client.get(place),
            client.get(place, headers={"If-None-Match": etag}),
            client.get(place, headers={"Authorization": "Bearer x"}),
            client.get("/api/v1/configurations/none"),
            client.get("/no/such/path"),
            client.put(PATH, json={}),
            client.put("/api/v1/auth/login", json={}),
            client.patch(place, json={"value": 2}),
            client.patch(place, json={"value": 2}, headers={"If-Match": '"9"'}),
            client.post(PATH, content=b"{", headers=JSON),
            client.post(PATH, content=b"x" * 11_000_000, headers=JSON),
            client.post(PATH, content=b"a=b", headers={"Content-Type": "text/plain"}),
            client.post(PATH, json={}),
            client.post("/graphql", json={"query": "{"}),
            client.delete(place, headers={"If-Match": etag}),
        ]


def test_responses_of_every_status_have_security_headers_and_a_request_id(
    answers: dict[str, list[httpx2.Response]],
) -> None:
    known = answers[ORIGIN]
    statuses = {answer.status_code for answer in known}
    assert statuses >= {200, 201, 204, 304, 400, 401, 404, 405, 412, 413, 415, 422, 428}
    ids = [answer.headers["X-Request-Id"] for answer in known]
    assert len(set(ids)) == len(ids)
    for answer in known:
        assert answer.headers.items() >= {k.lower(): v for k, v in GUARDS.items()}.items()
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_foreign_origin_gets_no_cors_headers(answers: dict[str, list[httpx2.Response]]) -> None:
    def cors_headers(answer: httpx2.Response) -> set[str]:
        return {name for name in answer.headers if name.startswith("access-control")}

    assert [cors_headers(answer) for answer in answers[FOREIGN] if cors_headers(answer)] == []
    assert all("access-control-allow-origin" in cors_headers(one) for one in answers[ORIGIN])
    assert all(
        "access-control-allow-credentials" not in cors_headers(one) for one in answers[ORIGIN]
    )


def test_a_preflight_is_accepted_for_the_known_origin_only(instance: Instance) -> None:
    for path in (PATH, "/api/v1/auth/login", "/graphql"):
        for origin, allowed in ((ORIGIN, ORIGIN), (FOREIGN, None)):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = httpx2.options(instance.url + path, headers=headers)
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed, path
            assert answer.headers["X-Request-Id"]
            if allowed:
                assert answer.status_code == 204
                assert "POST" in answer.headers["Access-Control-Allow-Methods"]
