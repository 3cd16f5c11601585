"""Only health, docs, login and the public keys answer without a token."""

import httpx2
import pytest
from tests.child_instance import Instance

OPEN = [
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/docs",
    "/graphql",
    "/.well-known/jwks.json",
    "/metrics",
]
ASSETS = ["/docs/{name}", "/graphql/{name}"]


@pytest.mark.parametrize("path", OPEN)
def test_public_pages_are_served_without_a_token(instance: Instance, path: str) -> None:
    assert httpx2.get(instance.url + path).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/graphql"])
def test_pages_load_nothing_from_elsewhere(instance: Instance, path: str) -> None:
    text = httpx2.get(instance.url + path).text
    assert "https://" not in text
    assert "//cdn" not in text


def test_graphql_refuses_queries_by_get(instance: Instance) -> None:
    page = httpx2.get(instance.url + "/graphql").text
    with instance.client() as client:
        asked = client.get("/graphql", params={"query": "{ __typename }"})
    assert asked.status_code == 422 or asked.text == page


def test_every_operation_of_the_api_wants_a_token(instance: Instance) -> None:
    open_operations = []
    with httpx2.Client(base_url=instance.url) as client:
        document = client.get("/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        for path, methods in document["paths"].items():
            if path in {*OPEN, *ASSETS, "/api/v1/auth/login"}:
                continue
            for method in methods:
                answer = client.request(method, path.replace("{", "").replace("}", ""))
                if answer.status_code != 401:
                    open_operations.append((method, path, answer.status_code))
    # A refresh token is itself the credential of these two; an empty body breaks their rules.
    assert {(m, p) for m, p, _ in open_operations} <= {
        ("post", "/api/v1/auth/refresh"),
        ("post", "/api/v1/auth/logout"),
        # Hubs call these; the id is unknown here, and a push is signed.
        ("get", "/api/v1/push/{callback_id}"),
        ("head", "/api/v1/push/{callback_id}"),
        ("post", "/api/v1/push/{callback_id}"),
    }
    assert all(status in {400, 404, 410, 415, 422} for _, _, status in open_operations)
