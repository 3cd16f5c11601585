"""Accounts and the signing key, changed by command while the instance runs."""

import json
from pathlib import Path

import httpx2
from tests.child_instance import Instance

from ..instances import environment_of, run

EMAIL = "mallory@example.test"


def me(instance: Instance, token: str) -> int:
    with httpx2.Client(base_url=instance.url, timeout=30, trust_env=False) as client:
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    return int(answer.status_code)


def log_in(instance: Instance, password: str) -> httpx2.Response:
    with httpx2.Client(base_url=instance.url, timeout=30, trust_env=False) as client:
        return client.post("/api/v1/auth/login", json={"email": EMAIL, "password": password})


def test_a_disabled_account_is_refused_until_it_is_enabled(instance: Instance) -> None:
    environment = environment_of(instance)
    made = run("user", "create", "--email", EMAIL, "--role", "viewer", environment=environment)
    password = json.loads(made.stdout)["password"]
    refresh_token = log_in(instance, password).json()["refresh_token"]

    run("user", "disable", EMAIL, environment=environment)
    assert log_in(instance, password).status_code == 401
    run("user", "enable", EMAIL, environment=environment)

    assert log_in(instance, password).status_code == 200
    with httpx2.Client(base_url=instance.url, timeout=30, trust_env=False) as client:
        old = client.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token})
    assert old.status_code == 401


def test_the_last_admin_cannot_be_disabled(instance: Instance, admin: httpx2.Client) -> None:
    (found,) = admin.get("/api/v1/users", params={"role": "admin"}).json()["items"]
    done = run("user", "disable", found["email"], environment=environment_of(instance), expect=1)
    assert "last active admin" in done.stderr
    assert me(instance, admin.headers["Authorization"].removeprefix("Bearer ")) == 200


def test_the_signing_key_rotates_and_nobody_is_logged_out(
    instance: Instance, admin: httpx2.Client
) -> None:
    before = admin.headers["Authorization"].removeprefix("Bearer ")

    def kids() -> list[str]:
        keys = admin.get("/.well-known/jwks.json").json()["keys"]
        return [key["kid"] for key in keys]

    old = kids()
    environment = environment_of(instance)
    done = json.loads(run("keys", "rotate", "--json", environment=environment).stdout)

    assert set(kids()) == {done["kid"], *old}
    assert done["retired"] == old
    assert me(instance, before) == 200
    kept = Path(environment["GROUNDWORK_HOME"]) / "secrets" / "signing-key"
    assert json.loads(kept.read_text())["kid"] == done["kid"]
    with instance.client() as again:
        assert again.get("/api/v1/me").status_code == 200
