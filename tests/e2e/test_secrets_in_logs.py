"""Logs of an instance in use: no secret and no e-mail address, but the request of each line.

Its own output and the logs of its database, its graph and its queues.
"""

import json
from secrets import token_urlsafe
from uuid import uuid4

import httpx2
import psycopg
import pytest
from tests.child_instance import Instance

from ..instances import FIRST_ADMIN, output_of
from ..waiting import eventually

SERVING = {"rest_api", "identity", "graph_api"}


class Secrets:
    """Values that no log may contain."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def secret(self, name: str) -> str:
        """A new secret that nothing else contains."""
        return self.keep(name, f"marker-{name}-{token_urlsafe(12)}")

    def keep(self, name: str, value: str) -> str:
        self.values[name] = value
        return value

    def seen_in(self, text: str) -> set[str]:
        return {name for name, value in self.values.items() if value in text}


@pytest.fixture(scope="module")
def secrets(instance: Instance) -> Secrets:
    """The secrets of an account whose every action was called, with and without success."""
    secrets = Secrets()
    secrets.keep("admin's address", instance.email)
    secrets.keep("admin's password", instance.password)
    with httpx2.Client(base_url=instance.url, timeout=30) as client:
        admin = _log_in(client, secrets, "admin's", instance.email, instance.password)
        _account(client, secrets, admin)
        _key(client, secrets, admin)
        _bad_bodies(client, secrets, admin)
        _faults_of_the_database(client, secrets, admin, instance.addresses["DATABASE_URL"])
    for name in ("postgres", "neo4j"):
        secrets.keep(f"password of {name}", (instance.home / "secrets" / name).read_text().strip())
    key = json.loads((instance.home / "secrets" / "signing-key").read_text())
    secrets.keep("private key", key["d"])
    return secrets


def written(instance: Instance) -> str:
    """Return what the instance and its services wrote, but the line for the first admin."""
    logs = sorted((instance.home / "logs").glob("*.log*"))
    assert {log.name for log in logs} >= {"postgres.log", "neo4j.log", "emulator.log"}
    services = [log.read_text(errors="replace") for log in logs]
    output = [line for line in output_of(instance) if not line.startswith(FIRST_ADMIN)]
    assert len(output) == len(output_of(instance)) - 1
    return "\n".join([*output, *services])


def _log_in(
    client: httpx2.Client, secrets: Secrets, whose: str, email: str, password: str
) -> dict[str, str]:
    answer = client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    secrets.keep(f"{whose} refresh token", tokens["refresh_token"])
    return _bearer(secrets.keep(f"{whose} access token", tokens["access_token"]))


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _account(client: httpx2.Client, secrets: Secrets, admin: dict[str, str]) -> None:
    email, password = f"{secrets.secret('address')}@example.org".lower(), secrets.secret("password")
    secrets.keep("address", email)
    user = {"email": email, "password": password, "roles": ["viewer"]}
    assert client.post("/api/v1/users", json=user, headers=admin).status_code == 201
    again = client.post("/api/v1/users", json=user, headers=admin)
    assert again.status_code == 409
    mine = _log_in(client, secrets, "user's", email, password)
    wrong = {"email": email, "password": secrets.secret("wrong-password")}
    assert client.post("/api/v1/auth/login", json=wrong).status_code == 401
    nobody = {"email": f"{secrets.secret('nobody')}@example.org", "password": password}
    assert client.post("/api/v1/auth/login", json=nobody).status_code == 401
    refresh = {"refresh_token": secrets.values["user's refresh token"]}
    fresh = client.post("/api/v1/auth/refresh", json=refresh)
    assert fresh.status_code == 200, fresh.text
    secrets.keep("second refresh token", fresh.json()["refresh_token"])
    secrets.keep("second access token", fresh.json()["access_token"])
    client.post("/api/v1/auth/refresh", json=refresh)  # once more, as after a lost answer
    unknown = {"refresh_token": secrets.secret("unknown-refresh-token")}
    assert client.post("/api/v1/auth/refresh", json=unknown).status_code == 401
    changed = {"current_password": password, "new_password": secrets.secret("new-password")}
    client.post("/api/v1/auth/password", json=changed, headers=mine)
    found = client.get("/api/v1/users", params={"email": email}, headers=admin)
    assert found.json()["items"][0]["email"] == email
    ticket = client.post("/api/v1/auth/ws-ticket", headers=admin)
    assert ticket.status_code < 300, ticket.text
    secrets.keep("ticket", ticket.json()["ticket"])


def _key(client: httpx2.Client, secrets: Secrets, admin: dict[str, str]) -> None:
    new = {"name": "robot", "scopes": ["entities:read"]}
    made = client.post("/api/v1/api-keys", json=new, headers=admin)
    assert made.status_code == 201, made.text
    key = secrets.keep("API key", made.json()["key"])
    used = client.get("/api/v1/entities", headers={"X-API-Key": key})
    assert used.status_code == 200
    wrong = {"X-API-Key": key[:-4] + "AAAA"}
    secrets.keep("wrong API key", wrong["X-API-Key"])
    assert client.get("/api/v1/entities", headers=wrong).status_code == 401
    hook = {"url": "https://example.org/hook", "events": ["contents.published"]}
    secrets.keep(
        "webhook", client.post("/api/v1/webhooks", json=hook, headers=admin).json()["secret"]
    )


def _bad_bodies(client: httpx2.Client, secrets: Secrets, admin: dict[str, str]) -> None:
    forged = _bearer(
        secrets.keep("forged token", f"eyJhbGciOiJub25lIn0.{secrets.secret('forged')}.x")
    )
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
        sent = body.replace("%s", secrets.secret(name.replace(" ", "_")))
        answer = client.post(path, content=sent, headers=json_)
        assert answer.status_code in {status, 200 if path == "/graphql" else status}, answer.text
    query = {"q": secrets.secret("search"), "no_such": secrets.secret("parameter")}
    assert client.get("/api/v1/entities", params=query, headers=admin).status_code == 422


ODD = """
CREATE FUNCTION a_test_is_odd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a fault that nobody foresaw' USING ERRCODE = 'XX000', DETAIL = NEW.email;
END $$;
CREATE TRIGGER a_test_is_odd BEFORE INSERT ON users FOR EACH ROW
    WHEN (NEW.name = 'odd') EXECUTE FUNCTION a_test_is_odd()
"""
EVEN = "DROP FUNCTION a_test_is_odd CASCADE"


def _faults_of_the_database(
    client: httpx2.Client, secrets: Secrets, admin: dict[str, str], database_url: str
) -> None:
    """Errors whose detail quotes rows: of things that are there already, and of none foreseen."""
    user = {"password": secrets.secret("odd-password"), "roles": ["viewer"], "name": "odd"}
    email = secrets.keep("odd address", f"{secrets.secret('odd')}@example.org".lower())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(ODD)
        try:
            made = client.post("/api/v1/users", json={**user, "email": email}, headers=admin)
        finally:
            connection.execute(EVEN)
    assert made.status_code == 500, made.text
    entry = {"key": secrets.secret("configuration"), "value": secrets.secret("value")}
    for status in (201, 409):
        again = client.post("/api/v1/configurations", json=entry, headers=admin)
        assert again.status_code == status, again.text
    nowhere = {"user_id": str(uuid4()), "key": secrets.secret("preference"), "value": 1}
    lost = client.post("/api/v1/preferences", json=nowhere, headers=admin)
    assert lost.status_code in {409, 422}, lost.text


def test_no_secret_and_no_address_is_written(instance: Instance, secrets: Secrets) -> None:
    text = written(instance)
    assert len(secrets.values) > 30
    assert secrets.seen_in(text) == set()
    # The look itself sees: were one of them written, it would be found.
    for name, value in secrets.values.items():
        assert name in secrets.seen_in(f"{text}\n{value}")
    assert "a fault that nobody foresaw" in text
    assert "SQLSTATE XX000" in text


@pytest.mark.usefixtures("secrets")
def test_a_database_that_logs_details_would_be_noticed(instance: Instance) -> None:
    """With the guard disabled, for one session."""
    more = Secrets()
    email = more.keep("address", f"{more.secret('detail')}@example.org".lower())
    add = "INSERT INTO users (email, roles) VALUES (%s, '{viewer}')"
    with psycopg.connect(instance.addresses["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SET log_error_verbosity = 'default'")
        connection.execute(add, [email])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(add, [email])
        assert eventually(lambda: "address" in more.seen_in(written(instance)))
        connection.execute("DELETE FROM users WHERE email = %s", [email])


def test_no_secret_and_no_address_is_among_the_metrics(
    instance: Instance, secrets: Secrets
) -> None:
    metrics = httpx2.get(f"{instance.url}/metrics").text
    assert "_total" in metrics
    assert secrets.seen_in(metrics) == set()


@pytest.mark.usefixtures("secrets")
def test_every_log_line_of_a_request_has_its_request_id(instance: Instance) -> None:
    lines = [json.loads(line) for line in output_of(instance) if line.startswith("{")]
    http = [line for line in lines if line.get("function") in SERVING]
    assert [line for line in http if line["message"] == "A login failed"]
    assert [line for line in http if not line.get("request_id")] == []
