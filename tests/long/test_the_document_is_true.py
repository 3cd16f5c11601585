"""A fuzzer checks that the API does what /openapi.json says.

schemathesis with all checks: no 5xx, only documented statuses, types and headers, answers as their
schemas say, wrong input refused, right input taken, no operation without its token, nothing left
after a delete. The seed is fixed, so that a failure comes again.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from tests.child_instance import Instance

from ..instances import environment_of, run
from .good_requests import World

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_200)]
FUZZER = Path(__file__).parents[2] / ".venv" / "contract" / "bin" / "schemathesis"
FOLDER = Path(__file__).parent / "fuzzing"
EXAMPLES = 20
SEED = 20_260_131
ENDS_ITS_OWN_SESSION = ("logOutEverywhere", "setPassword")
"""Fuzzed by themselves, each by a user of its own."""


def log_in(instance: Instance, email: str, password: str) -> httpx2.Client:
    body = {"email": email, "password": password}
    answer = httpx2.post(f"{instance.url}/api/v1/auth/login", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx2.Client(base_url=instance.url, headers=bearer, timeout=30)


@pytest.fixture(scope="module")
def admin(instance: Instance) -> Iterator[httpx2.Client]:
    with instance.client() as client:
        yield client


@pytest.fixture(scope="module")
def viewer(instance: Instance) -> Iterator[httpx2.Client]:
    arguments = ("user", "create", "--email", "viewer@example.org", "--role", "viewer")
    made = json.loads(run(*arguments, environment=environment_of(instance)).stdout)
    with log_in(instance, made["email"], made["password"]) as client:
        yield client


@pytest.fixture(scope="module")
def examples(instance: Instance, admin: httpx2.Client, tmp_path_factory: Any) -> Path:
    """The document with examples that succeed for the admin, as a file."""
    credentials = {"email": instance.email, "password": instance.password}
    refresh = httpx2.post(f"{instance.url}/api/v1/auth/login", json=credentials, timeout=30)
    credentials["refresh_token"] = refresh.json()["refresh_token"]
    document = admin.get("/openapi.json").json()
    file: Path = tmp_path_factory.mktemp("examples") / "openapi.json"
    file.write_text(json.dumps(World(admin, document, credentials).examples()))
    return file


def excluded() -> list[str]:
    return [f"--exclude-operation-id={one}" for one in ENDS_ITS_OWN_SESSION]


def good(client: httpx2.Client, report: Path) -> set[str]:
    """The operations that gave a good answer."""
    named = operations(client)
    return {named[one] for one, status in answers(report) if 200 <= status < 300}


def fuzz(
    client: httpx2.Client,
    folder: Path,
    *options: str,
    document: str | None = None,
    examples: int = EXAMPLES,
) -> "subprocess.CompletedProcess[str]":
    """Run the fuzzer to its end; `folder` gets its report."""
    if not FUZZER.exists():
        pytest.fail("the fuzzer is not installed; `make test-long` installs it")
    url, me = str(client.base_url).rstrip("/"), client.get("/api/v1/me")
    assert me.status_code == 200, me.text
    return subprocess.run(
        [
            str(FUZZER),
            f"--config-file={FOLDER / 'schemathesis.toml'}",
            "run",
            document or f"{url}/openapi.json",
            f"--url={url}",
            f"--header=Authorization:{client.headers['Authorization']}",
            "--checks=all",
            f"--seed={SEED}",
            f"--max-examples={examples}",
            "--no-color",
            "--report=ndjson",
            f"--report-ndjson-path={folder / 'report.ndjson'}",
            *options,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(FOLDER), "FUZZER_USER_ID": me.json()["id"]},
        capture_output=True,
        text=True,
        check=False,
    )


def answers(report: Path) -> Iterator[tuple[str, int]]:
    """Every answer of a run: the operation, as `GET /path`, and the status."""
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, case in recorder.get("cases", {}).items():
            response = recorder["interactions"].get(name, {}).get("response")
            if response:
                value = case["value"]
                yield f"{value['method']} {value['path']}", response["status_code"]


def operations(client: httpx2.Client) -> dict[str, str]:
    """Operation ids by `GET /path`."""
    paths = client.get("/openapi.json").json()["paths"]
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in paths.items()
        for method, operation in item.items()
    }


def test_nothing_an_admin_can_send_makes_the_document_a_lie(
    admin: httpx2.Client, examples: Path, tmp_path: Path
) -> None:
    done = fuzz(admin, tmp_path, *excluded(), document=str(examples))
    assert done.returncode == 0, done.stdout[-20_000:]

    # Not because the token had gone, and not by knocking at closed doors all the time.
    assert admin.get("/api/v1/me").status_code == 200
    without = set(operations(admin).values()) - good(admin, tmp_path / "report.ndjson")
    assert without == set(ENDS_ITS_OWN_SESSION)


def test_nothing_a_viewer_can_send_makes_the_document_a_lie(
    viewer: httpx2.Client, tmp_path: Path
) -> None:
    done = fuzz(viewer, tmp_path, *excluded())
    assert done.returncode == 0, done.stdout[-20_000:]

    assert viewer.get("/api/v1/me").status_code == 200
    statuses = {status for _, status in answers(tmp_path / "report.ndjson")}
    assert {200, 403} <= statuses


def failed(report: Path) -> set[str]:
    """The checks that failed in a run."""
    recorders = (
        json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for line in report.read_text().splitlines()
    )
    return {
        check["name"]
        for recorder in recorders
        for checks in recorder.get("checks", {}).values()
        for check in checks
        if check["status"] == "failure"
    }


Lie = tuple[str, Callable[[dict[str, Any]], object]]


def of_entities(document: dict[str, Any]) -> dict[str, Any]:
    """The answers of a list."""
    answers: dict[str, Any] = document["paths"]["/api/v1/entities"]["get"]["responses"]
    return answers


def field(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A field of a new entity."""
    fields = document["components"]["schemas"]["NewEntity"]["properties"]
    return cast("dict[str, Any]", fields[name])


ETAG = {"$ref": "#/components/headers/ETag"}
LIES: dict[str, Lie] = {
    "response_schema_conformance": (
        "createEntity",
        lambda it: it["components"]["schemas"]["Entity"]["properties"]["version"].update(
            type="string"
        ),
    ),
    "negative_data_rejection": (
        "createEntity",
        # Tried without it for certain, and then no other entity can have the same key.
        lambda it: it["components"]["schemas"]["NewEntity"]["required"].append("key"),
    ),
    "positive_data_acceptance": (
        "createEntity",
        lambda it: field(it, "confidence").update(maximum=9),
    ),
    "status_code_conformance": ("listEntities", lambda it: of_entities(it).pop("422")),
    "response_headers_conformance": (
        "listEntities",
        lambda it: of_entities(it)["200"]["headers"].update(ETag=ETAG),
    ),
    "ignored_auth": (
        "healthLive",
        lambda it: it["paths"]["/health/live"]["get"].update(security=[{"bearer": []}]),
    ),
}
"""Lies by the check that finds each out: an answer that is not as shown, input that is taken
though the document says it is wrong, or refused though it says it is right, and so on."""


@pytest.mark.parametrize("check", LIES)
def test_a_document_that_lies_is_found_out(
    admin: httpx2.Client, tmp_path: Path, check: str
) -> None:
    document = admin.get("/openapi.json").json()
    operation, lie = LIES[check]
    lie(document)
    file = tmp_path / "lying.json"
    file.write_text(json.dumps(document))
    only = f"--include-operation-id={operation}"
    done = fuzz(admin, tmp_path, only, document=str(file), examples=10)
    assert done.returncode == 1, done.stdout[-5_000:]
    assert check in failed(tmp_path / "report.ndjson"), done.stdout[-5_000:]


@pytest.mark.parametrize("operation", ENDS_ITS_OWN_SESSION)
def test_ending_ones_sessions_does_as_the_document_says(
    instance: Instance, admin: httpx2.Client, tmp_path: Path, operation: str
) -> None:
    user = {"email": f"{operation.lower()}@example.org", "password": "as long as it is wide"}
    made = admin.post("/api/v1/users", json={**user, "name": "x", "roles": ["admin"]})
    assert made.status_code == 201, made.text
    document = admin.get("/openapi.json").json()
    password = document["paths"]["/api/v1/auth/password"]["post"]["requestBody"]
    example = password["content"]["application/json"]["example"]
    example["current_password"] = user["password"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    with log_in(instance, user["email"], user["password"]) as client:
        done = fuzz(client, tmp_path, f"--include-operation-id={operation}", document=str(file))
    assert done.returncode == 0, done.stdout[-20_000:]
    assert good(admin, tmp_path / "report.ndjson") == {operation}
