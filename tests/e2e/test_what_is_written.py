"""What an instance writes while it is used: no secret, no address of a person, and who asked."""

import json
from secrets import token_urlsafe

import httpx2
import pytest

from groundwork_host.child_instance import Instance

from ..instances import output_of

SERVING = {"rest_api", "identity", "graph_api"}


class Told:
    """What must not be seen again."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def secret(self, name: str) -> str:
        """A new secret that nothing else contains."""
        return self.keep(name, f"marker-{name}-{token_urlsafe(12)}")

    def keep(self, name: str, value: str) -> str:
        self.secrets[name] = value
        return value

    def seen_in(self, text: str) -> set[str]:
        return {name for name, value in self.secrets.items() if value in text}


@pytest.fixture(scope="module")
def told(instance: Instance) -> Told:
    """Everything that an account goes through, well and badly."""
    told = Told()
    told.keep("admin's address", instance.email)
    told.keep("admin's password", instance.password)
    with httpx2.Client(base_url=instance.url, timeout=30) as client:
        admin = _log_in(client, told, "admin's", instance.email, instance.password)
        _account(client, told, admin)
        _key(client, told, admin)
        _bad_bodies(client, told, admin)
    return told


def _log_in(
    client: httpx2.Client, told: Told, whose: str, email: str, password: str
) -> dict[str, str]:
    answer = client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    told.keep(f"{whose} refresh token", tokens["refresh_token"])
    return _bearer(told.keep(f"{whose} access token", tokens["access_token"]))


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _account(client: httpx2.Client, told: Told, admin: dict[str, str]) -> None:
    email, password = f"{told.secret('address')}@example.org".lower(), told.secret("password")
    told.keep("address", email)
    user = {"email": email, "password": password, "roles": ["viewer"]}
    assert client.post("/api/v1/users", json=user, headers=admin).status_code == 201
    again = client.post("/api/v1/users", json=user, headers=admin)
    assert again.status_code == 409
    mine = _log_in(client, told, "user's", email, password)
    wrong = {"email": email, "password": told.secret("wrong-password")}
    assert client.post("/api/v1/auth/login", json=wrong).status_code == 401
    nobody = {"email": f"{told.secret('nobody')}@example.org", "password": password}
    assert client.post("/api/v1/auth/login", json=nobody).status_code == 401
    refresh = {"refresh_token": told.secrets["user's refresh token"]}
    fresh = client.post("/api/v1/auth/refresh", json=refresh)
    assert fresh.status_code == 200, fresh.text
    told.keep("second refresh token", fresh.json()["refresh_token"])
    told.keep("second access token", fresh.json()["access_token"])
    client.post("/api/v1/auth/refresh", json=refresh)  # once more, as after a lost answer
    unknown = {"refresh_token": told.secret("unknown-refresh-token")}
    assert client.post("/api/v1/auth/refresh", json=unknown).status_code == 401
    changed = {"current_password": password, "new_password": told.secret("new-password")}
    client.post("/api/v1/auth/password", json=changed, headers=mine)
    found = client.get("/api/v1/users", params={"email": email}, headers=admin)
    assert found.json()["items"][0]["email"] == email
    ticket = client.post("/api/v1/auth/ws-ticket", headers=admin)
    assert ticket.status_code < 300, ticket.text
    told.keep("ticket", ticket.json()["ticket"])


def _key(client: httpx2.Client, told: Told, admin: dict[str, str]) -> None:
    new = {"name": "robot", "scopes": ["entities:read"]}
    made = client.post("/api/v1/api-keys", json=new, headers=admin)
    assert made.status_code == 201, made.text
    key = told.keep("API key", made.json()["key"])
    used = client.get("/api/v1/entities", headers={"X-API-Key": key})
    assert used.status_code == 200
    wrong = {"X-API-Key": key[:-4] + "AAAA"}
    told.keep("wrong API key", wrong["X-API-Key"])
    assert client.get("/api/v1/entities", headers=wrong).status_code == 401
    hook = {"url": "https://example.org/hook", "events": ["contents.published"]}
    told.keep("webhook", client.post("/api/v1/webhooks", json=hook, headers=admin).json()["secret"])


def _bad_bodies(client: httpx2.Client, told: Told, admin: dict[str, str]) -> None:
    forged = _bearer(told.keep("forged token", f"eyJhbGciOiJub25lIn0.{told.secret('forged')}.x"))
    assert client.get("/api/v1/me", headers=forged).status_code == 401
    json_ = {**admin, "Content-Type": "application/json"}
    for name, path, body, status in (
        ("cut off", "/api/v1/users", '{"password": "%s"', 400),
        ("unknown field", "/api/v1/users", '{"%s": "x"}', 422),
        ("wrong type", "/api/v1/users", '{"email": "%s", "roles": "%s"}', 422),
        ("short", "/api/v1/auth/login", '{"email": "%s"}', 422),
        ("no list", "/api/v1/entities", '["%s"]', 422),
        ("no query", "/graphql", '{"query": "{ %s }"}', 400),
    ):
        sent = body.replace("%s", told.secret(name.replace(" ", "_")))
        answer = client.post(path, content=sent, headers=json_)
        assert answer.status_code in {status, 200 if path == "/graphql" else status}, answer.text
    query = {"q": told.secret("search"), "no_such": told.secret("parameter")}
    assert client.get("/api/v1/entities", params=query, headers=admin).status_code == 422


def test_no_secret_and_no_address_is_written(instance: Instance, told: Told) -> None:
    written = "\n".join(output_of(instance))
    assert len(told.secrets) > 20
    assert told.seen_in(written) == set()
    # The look itself sees: were one of them written, it would be found.
    for name, value in told.secrets.items():
        assert name in told.seen_in(f"{written}\n{value}")


def test_no_secret_and_no_address_is_among_the_metrics(instance: Instance, told: Told) -> None:
    metrics = httpx2.get(f"{instance.url}/metrics").text
    assert "_total" in metrics
    assert told.seen_in(metrics) == set()


@pytest.mark.usefixtures("told")
def test_every_line_of_a_request_says_which(instance: Instance) -> None:
    lines = [json.loads(line) for line in output_of(instance) if line.startswith("{")]
    http = [line for line in lines if line.get("function") in SERVING]
    assert [line for line in http if line["message"] == "A login failed"]
    assert [line for line in http if not line.get("request_id")] == []
