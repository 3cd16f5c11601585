"""`groundwork doctor --env` of a whole instance: fit for a laptop, not fit for prod."""

import json
import os

import httpx2
import pytest
from tests.child_instance import Instance

from ..instances import run

INSIDE = ["sources:read", "entities:read", "jobs:read"]


@pytest.fixture
def key(admin: httpx2.Client) -> str:
    made = admin.post("/api/v1/api-keys", json={"name": "doctor", "scopes": INSIDE})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


def test_the_doctor_finds_no_fault_of_a_local_instance(instance: Instance, key: str) -> None:
    done = run(
        "doctor", "--env", "local", "--url", instance.url, "--json",
        environment={"GROUNDWORK_API_KEY": key},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert [one for one in found["findings"] if one["state"] != "ok"] == []
    assert {"database", "graph", "queues", "rate limit", "sockets with a ticket"} <= {
        one["check"] for one in found["findings"]
    }


def test_an_instance_with_local_settings_fails_the_checks_for_prod(instance: Instance) -> None:
    given = ("doctor", "--env", "prod", "--url", instance.url)
    done = run(*given, "--json", environment=os.environ, expect=1)
    found = {one["check"]: one["state"] for one in json.loads(done.stdout)["findings"]}
    blocking = {name for name, state in found.items() if state == "blocks"}
    assert blocking == {"pages", "headers"}
    text = run(*given, environment=os.environ, expect=1).stdout
    assert "BLOCKS   pages: open to everybody: /docs, /graphql, /metrics, /@host/live" in text
    assert "→ Leave GROUNDWORK_PAGES at `auto`." in text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--url", "nonsense"), "'nonsense' is not a URL such as https://api.example.org"),
        ((), "give --url, or set GROUNDWORK_PUBLIC_URL"),
    ],
)
def test_a_missing_or_wrong_url_is_said(given: tuple[str, ...], message: str) -> None:
    done = run("doctor", "--env", "prod", *given, environment={}, expect=1)
    assert done.stderr.strip() == f"groundwork: {message}"
